"""The driver for MariaDB and MySQL: which statement runs on which connection.

- A statement outside a transaction takes a connection of the pool for as long as it runs, and commits by itself.
- A transaction, and a result that is read in batches, keep a connection until they end.
- There is one pool an event loop. Connections are opened when they are needed, at most `pool_size`.
- A write that returned is committed as the server's `innodb_flush_log_at_trx_commit` says, on the disk by default.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from spica.db.driver import DEFAULT_OPTIONS, Codec, Parameters, Row, TransactionOptions, Written
from spica.db.drivers.mysql.codecs import CODECS
from spica.db.drivers.mysql.connection import MysqlConnection, give_back, open_connection
from spica.db.drivers.mysql.failures import (
    DUPLICATE,
    STATEMENT_PROBLEMS,
    build_duplicate,
    build_failure,
    build_timeout,
    key_of_duplicate,
    number_of,
)
from spica.db.drivers.mysql.locks import TURN_S, held_lock
from spica.db.drivers.mysql.session import MysqlSession
from spica.db.errors import DatabaseError
from spica.db.options import ServerOptions, build_server_options
from spica.db.placeholders import place_values_for_mysql
from spica.db.pools import Pools
from spica.db.url import DatabaseUrl

_TABLE = re.compile(
    r"\s*(?:insert\s+(?:ignore\s+)?(?:into\s+)?|replace\s+(?:into\s+)?|update\s+)([`\w.]+)", re.IGNORECASE
)
_COLUMNS_OF_INDEX = (
    "select column_name from information_schema.statistics"
    " where table_schema = database() and table_name = ? and index_name = ? order by seq_in_index"
)


class MysqlDriver:
    """One database of a MariaDB or MySQL. Connections are opened at first use, in the process that uses them."""

    dialect = "mysql"
    codecs: Mapping[type, Codec] = CODECS
    statement_codecs: Mapping[type, Codec] = CODECS

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url
        self.options = build_server_options(ServerOptions, url.options, "MariaDB")
        self._pools: Pools[MysqlConnection] = Pools(
            partial(open_connection, url, self.options), self.options, url.place
        )

    def read_now(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Never without waiting: the server is another process."""
        return None

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read rows as tuples."""
        rows: list[Row] = await self._run(MysqlConnection.fetch_rows, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Run any statement and return its rows as dicts."""
        rows: list[dict[str, Any]] = await self._run(MysqlConnection.fetch_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Run one statement with a commit of its own."""
        written: Written = await self._run(MysqlConnection.write, sql, parameters)
        return written

    async def stream(self, sql: str, parameters: Parameters, *, size: int) -> AsyncIterator[list[Row]]:
        """Read in batches by a cursor of the server: all of one snapshot."""
        sql, values = place_values_for_mysql(sql, parameters)
        pool = self._pools.get()
        connection = pool.take() or await pool.acquire()
        try:
            async for rows in connection.stream(sql, values, size):
                yield rows
        except STATEMENT_PROBLEMS as problem:
            raise self.build_failure(problem, sql, connection) from problem
        finally:
            give_back(pool, connection)  # without waiting: this may be a generator that is being closed

    async def begin(self, options: TransactionOptions = DEFAULT_OPTIONS) -> MysqlSession:
        """Open a transaction. Cancelled meanwhile, nothing stays open."""
        pool = self._pools.get()
        connection = pool.take() or await pool.acquire()
        begin = f"START TRANSACTION{' READ ONLY' if options.read_only else ''}"
        try:
            if options.isolation:  # of the next transaction, not of the session
                await connection.control(f"SET TRANSACTION ISOLATION LEVEL {options.isolation.upper()}")
            await connection.control(begin)
        except STATEMENT_PROBLEMS as problem:
            give_back(pool, connection)
            raise self.build_failure(problem, begin, connection) from problem
        except BaseException:
            give_back(pool, connection)
            raise
        return MysqlSession(self, pool, connection)

    def advisory_lock(self, name: str, wait_s: float | None) -> AbstractAsyncContextManager[None]:
        """Hold a lock by name. Raises LockTaken when it can't be had in time."""
        turn_s = min(TURN_S, self.options.statement_timeout_ms / 2_000 or TURN_S)
        return held_lock(self._pools.get(), name, wait_s, turn_s=turn_s, database=self.url.name, place=self.url.place)

    async def close(self) -> None:
        """Close every connection."""
        await self._pools.close()

    async def explain(self, problem: Exception, sql: str, connection: MysqlConnection) -> DatabaseError:
        """Turn an exception of a statement into ours; of a duplicate the connection is asked for the columns."""
        found = _TABLE.match(sql)
        if number_of(problem) not in DUPLICATE or found is None:
            return self.build_failure(problem, sql, connection)
        table, key = found[1].replace("`", "").rpartition(".")[2], key_of_duplicate(problem)
        columns: tuple[str, ...] = ()
        with contextlib.suppress(*STATEMENT_PROBLEMS):
            columns = tuple(name for (name,) in await connection.fetch_rows(_COLUMNS_OF_INDEX, (table, key)))
        return build_duplicate(key, table, columns, sql)

    def build_failure(self, problem: Exception, sql: str, connection: MysqlConnection) -> DatabaseError:
        """Turn an exception of a statement into ours: a timeout where our own time limit closed the connection."""
        return build_timeout(sql) if connection.timed_out else build_failure(problem, sql, self.url.place)

    async def _run(self, work: Any, sql: str, parameters: Parameters) -> Any:
        sql, values = place_values_for_mysql(sql, parameters)
        pool = self._pools.get()
        connection = pool.take() or await pool.acquire()
        try:
            try:
                result = await work(connection, sql, values)
            except STATEMENT_PROBLEMS as problem:
                raise await self.explain(problem, sql, connection) from problem
        except BaseException:
            give_back(pool, connection)
            raise
        pool.release(connection)
        return result
