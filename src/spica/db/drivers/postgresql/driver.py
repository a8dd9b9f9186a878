"""The PostgreSQL driver: which statement runs on which connection.

- A statement outside a transaction takes a connection of the pool for as long as it runs, and commits by itself.
- A transaction, and a result that is read in batches, keep a connection until they end.
- There is one pool an event loop. Connections are opened when they are needed, at most `pool_size`.
- A write that returned is committed as the server's `synchronous_commit` says, on the disk by default.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from spica.db.driver import DEFAULT_OPTIONS, Codec, Parameters, Row, TransactionOptions, Written
from spica.db.drivers.postgresql.codecs import CODECS, STATEMENT_CODECS
from spica.db.drivers.postgresql.connection import PostgresqlConnection, open_connection
from spica.db.drivers.postgresql.failures import STATEMENT_PROBLEMS, build_failure
from spica.db.drivers.postgresql.locks import held_lock
from spica.db.drivers.postgresql.options import PostgresqlOptions
from spica.db.drivers.postgresql.session import PostgresqlSession
from spica.db.options import build_server_options
from spica.db.placeholders import place_values
from spica.db.pools import Pools
from spica.db.url import DatabaseUrl


class PostgresqlDriver:
    """One PostgreSQL database of this process. Connections are opened at first use, in the process that uses them."""

    dialect = "postgresql"
    codecs: Mapping[type, Codec] = CODECS
    statement_codecs: Mapping[type, Codec] = STATEMENT_CODECS

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url
        self.options = build_server_options(PostgresqlOptions, url.options, "PostgreSQL")
        self._pools: Pools[PostgresqlConnection] = Pools(
            partial(open_connection, url, self.options), self.options, url.place
        )

    def read_now(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Never without waiting: the server is another process."""
        return None

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read rows as tuples."""
        rows: list[Row] = await self._run(PostgresqlConnection.fetch_rows, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Run any statement and return its rows as dicts."""
        rows: list[dict[str, Any]] = await self._run(PostgresqlConnection.fetch_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Run one statement with a commit of its own."""
        written: Written = await self._run(PostgresqlConnection.write, sql, parameters)
        return written

    async def stream(self, sql: str, parameters: Parameters, *, size: int) -> AsyncIterator[list[Row]]:
        """Read in batches by a cursor of the server: all of one snapshot."""
        sql, values = place_values(sql, parameters)
        pool = self._pools.get()
        connection = pool.take() or await pool.acquire()
        try:
            await connection.raw.execute("BEGIN READ ONLY")
            cursor = await connection.raw.cursor(sql, *values)
            while records := await cursor.fetch(size):
                yield [tuple(record) for record in records]
        except STATEMENT_PROBLEMS as problem:
            raise build_failure(problem, sql, self.url.place) from problem
        finally:
            pool.recover(connection)  # rolled back by the pool: this may be a generator that is being closed

    async def begin(self, options: TransactionOptions = DEFAULT_OPTIONS) -> PostgresqlSession:
        """Open a transaction. Cancelled meanwhile, nothing stays open."""
        pool = self._pools.get()
        connection = pool.take() or await pool.acquire()
        try:
            await connection.raw.execute(_begin(options))
        except STATEMENT_PROBLEMS as problem:
            pool.release(connection)
            raise build_failure(problem, _begin(options), self.url.place) from problem
        except BaseException:
            pool.recover(connection)
            raise
        return PostgresqlSession(pool, connection, self.url.place)

    def advisory_lock(self, name: str, wait_s: float | None) -> AbstractAsyncContextManager[None]:
        """Hold a lock by name. Raises LockTaken when it can't be had in time."""
        return held_lock(self._pools.get(), name, wait_s, self.url.place)

    async def close(self) -> None:
        """Close every connection."""
        await self._pools.close()

    async def _run(self, work: Any, sql: str, parameters: Parameters) -> Any:
        sql, values = place_values(sql, parameters)
        pool = self._pools.get()
        connection = pool.take() or await pool.acquire()
        try:
            result = await work(connection, sql, values)
        except STATEMENT_PROBLEMS as problem:
            if isinstance(problem, TimeoutError):
                pool.recover(connection)  # the server may hang: nobody else should wait for it
            else:
                pool.release(connection)
            raise build_failure(problem, sql, self.url.place) from problem
        except BaseException:
            pool.recover(connection)  # cancelled: the server must hear of it before the connection is used again
            raise
        pool.release(connection)
        return result


def _begin(options: TransactionOptions) -> str:
    isolation = f" ISOLATION LEVEL {options.isolation.upper()}" if options.isolation else ""
    return f"BEGIN{isolation}{' READ ONLY' if options.read_only else ''}"
