"""One connection: its prepared statements, and what a statement does on it.

Rules of this file:
- A statement is prepared by the server, and its values are sent beside it in binary form: none is ever written into a
  text. Those that select or change rows are kept, the rest is prepared for once; what can't be prepared has no values.
- A statement that did not come to its end (cancelled, lost) leaves a connection that nobody may use: `recover` tells
  the server to stop the old one and opens another in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from asyncmy.connection import MySQLResult, PreparedStatement
from asyncmy.errors import Error as MysqlError
from asyncmy.protocol import pack_binary_params

from spica.db.driver import Row, Written
from spica.db.drivers.mysql.failures import (
    NO_SUCH_THREAD,
    NOT_PREPARABLE,
    PREPARE_AGAIN,
    STATEMENT_PROBLEMS,
    TOO_MANY_PREPARED,
    build_connect_failure,
    is_lost,
    number_of,
)
from spica.db.drivers.mysql.wire import Wire, tls_of
from spica.db.options import ServerOptions
from spica.db.pool import Pool
from spica.db.url import DatabaseUrl

MAX_PREPARED = 256  # the server has 16,382 for all connections together, unless it is told otherwise
CLOSE_TIMEOUT_S = 1.0
GRACE_S = 1.0  # the server stops a statement by itself; this much later it is taken for dead

_KEPT = re.compile(r"\s*(select|insert|update|delete|replace|with|\()", re.IGNORECASE)
_COUNTS = re.compile(rb"Rows matched: (?P<matched>\d+)|Duplicates: (?P<changed>\d+)")
_SENDABLE = frozenset(
    {type(None), bool, int, float, str, bytes, bytearray, datetime, date, time, timedelta, Decimal}
)  # asyncmy writes others as their str()


class MysqlConnection:
    """A connection of asyncmy with its prepared statements."""

    __slots__ = ("_busy", "_options", "_prepared", "_url", "is_lost", "raw", "timed_out")

    def __init__(self, raw: Wire, url: DatabaseUrl, options: ServerOptions) -> None:
        self.raw = raw
        self.timed_out = False
        self.is_lost = False  # the server ended it
        self._url = url
        self._options = options
        self._prepared: dict[str, PreparedStatement] = {}
        self._busy = False  # a command was sent whose answer was not read to the end

    @property
    def is_usable(self) -> bool:
        """Whether it is open and nothing is half read, as far as is known without asking the server."""
        return not self._busy and self.raw.is_open

    @property
    def is_clean(self) -> bool:
        """Whether it is in no transaction."""
        return not self.raw.get_transaction_status()

    async def recover(self) -> None:
        """Roll back; after a cancelled statement, stop it at the server and take a new connection."""
        if self.is_usable:
            await self.control("ROLLBACK")
            return
        self.terminate()
        raw = await _open(self._url, self._options)
        old, self.raw, self._prepared, self._busy = self.raw, raw, {}, False
        if old.thread_id() > raw.thread_id():
            return  # the server was started anew meanwhile, and counts from the beginning
        try:
            await self.control(f"KILL {old.thread_id()}")
        except MysqlError as problem:
            if number_of(problem) != NO_SUCH_THREAD:
                raise

    async def close(self) -> None:
        """Say goodbye to the server."""
        with contextlib.suppress(OSError, TimeoutError, MysqlError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.raw.ensure_closed()
        self.terminate()

    def terminate(self) -> None:
        """Close without waiting."""
        with contextlib.suppress(RuntimeError):  # its loop is over, and with it the connection
            self.raw.close()

    async def fetch_rows(self, sql: str, values: Sequence[object]) -> list[Row]:
        """Run a statement and return its rows."""
        return list((await self.run(sql, values)).rows or ())

    async def fetch_named(self, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
        """Run a statement and return its rows as dicts."""
        result = await self.run(sql, values)
        if not result.rows:
            return []
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.rows]

    async def write(self, sql: str, values: Sequence[object]) -> Written:
        """Run a statement that changes rows; with RETURNING, the first value that it returns is the last id."""
        result = await self.run(sql, values)
        if result.rows is not None:
            return Written(len(result.rows), result.rows[0][0] if result.rows else 0)
        rows = result.affected_rows
        # Beside its number, which leaves out rows that an update found and did not change, and has those twice that an
        # upsert changed, the server says how it came by it.
        if result.message and (counts := _COUNTS.search(result.message)) is not None:
            rows = int(counts["matched"]) if counts["matched"] else rows - int(counts["changed"])
        return Written(rows, result.insert_id)

    async def run(self, sql: str, values: Sequence[object]) -> MySQLResult:
        """Run one statement, prepared. Raises STATEMENT_PROBLEMS; `timed_out` says why a connection was lost."""
        _check(values)
        timer = self._start_timer()
        try:
            try:
                return await self._execute(sql, values)
            except MysqlError as problem:
                if number_of(problem) == PREPARE_AGAIN:
                    self._prepared.pop(sql, None)  # a migration changed the table meanwhile
                elif number_of(problem) == TOO_MANY_PREPARED and self._prepared:
                    await self._forget()
                else:
                    raise
            return await self._execute(sql, values)
        finally:
            if timer is not None:
                timer.cancel()

    async def control(self, sql: str) -> None:
        """Run a statement without values or rows, not prepared."""
        with self._limited():
            await self._run_text(sql)

    async def stream(self, sql: str, values: Sequence[object], size: int) -> AsyncIterator[list[Row]]:
        """Run a statement and yield its rows in batches, from a cursor of the server's."""
        _check(values)
        self._busy = True
        try:
            with self._limited():
                statement = await self.raw.prepare(sql)
            batches = self.raw.fetch_by_cursor(statement, tuple(values), size)
            while True:
                with self._limited():  # each batch: how long its reader takes is not the server's affair
                    rows = await anext(batches, None)
                if rows is None:
                    break
                yield rows
            await statement.close()
        except STATEMENT_PROBLEMS as problem:
            self._note(problem)
            raise
        self._busy = False

    def _note(self, problem: Exception) -> None:
        """Note what an exception of a command says about the connection."""
        self._busy = is_lost(problem)
        self.is_lost = self._busy and not self.timed_out

    async def _execute(self, sql: str, values: Sequence[object]) -> MySQLResult:
        statement = self._prepared.get(sql)
        if statement is None:
            try:
                statement = await self._prepare(sql)
            except MysqlError as problem:
                if number_of(problem) != NOT_PREPARABLE or values:
                    raise
                return await self._run_text(sql)
        self._busy = True
        try:
            result = await statement.execute(values)
        except MysqlError as problem:
            self._note(problem)
            raise
        except (ValueError, TypeError, OverflowError):
            self._busy = _can_be_sent(values)  # else nothing was sent
            raise
        finally:
            if sql not in self._prepared and not self._busy:
                await statement.close()
        self._busy = False
        return result

    async def _prepare(self, sql: str) -> PreparedStatement:
        self._busy = True
        try:
            statement = await self.raw.prepare(sql)
        except MysqlError as problem:
            self._note(problem)
            raise
        self._busy = False
        if _KEPT.match(sql):
            if len(self._prepared) >= MAX_PREPARED:
                await self._forget()
            self._prepared[sql] = statement
        return statement

    async def _forget(self) -> None:
        """Close all prepared statements; the server does not answer to that."""
        prepared, self._prepared = self._prepared, {}
        for statement in prepared.values():
            await statement.close()

    async def _run_text(self, sql: str) -> MySQLResult:
        self._busy = True
        try:
            await self.raw.query(sql)
        except MysqlError as problem:
            self._note(problem)
            raise
        self._busy = False
        return self.raw._result

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """Give the server up when the block takes longer than a statement may."""
        timer = self._start_timer()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

    def _start_timer(self) -> asyncio.TimerHandle | None:
        self.timed_out = False
        if not self._options.statement_timeout_ms:
            return None
        loop = asyncio.get_running_loop()
        return loop.call_later(self._options.statement_timeout_ms / 1_000 + GRACE_S, self._give_up)

    def _give_up(self) -> None:
        self.timed_out = True
        self.terminate()


def give_back(pool: Pool[MysqlConnection], connection: MysqlConnection) -> None:
    """Give a connection back to its pool, whatever became of its last statement. Never waits."""
    if connection.is_usable:
        pool.release(connection)
    elif connection.is_lost:
        pool.discard(connection)
    else:
        pool.recover(connection)  # cancelled: the server may still be at it, with its locks


async def open_connection(url: DatabaseUrl, options: ServerOptions) -> MysqlConnection:
    """Open a connection with Spica's settings.

    Raises: DatabaseUnavailable when there is no answer in time, CannotOpen when user or name are refused.
    """
    try:
        return MysqlConnection(await _open(url, options), url, options)
    except (OSError, TimeoutError, MysqlError, ValueError) as problem:
        raise build_connect_failure(problem, url.place) from problem


async def _open(url: DatabaseUrl, options: ServerOptions) -> Wire:
    is_local = url.host is not None and url.host.startswith("/")
    raw = Wire(
        host=None if is_local else url.host or "127.0.0.1",
        unix_socket=url.host if is_local else None,
        port=url.port or 3306,
        user=url.user,
        password=(url.password or "").encode(),
        database=url.name,
        charset="utf8mb4",
        autocommit=None,
        program_name="spica",
        connect_timeout=options.connect_timeout_ms / 1_000,
        ssl=None if is_local else tls_of(options.ssl),
    )
    raw.tls_required = options.ssl in ("require", "verify-full")
    try:
        async with asyncio.timeout(options.connect_timeout_ms / 1_000):
            await raw.connect()
            await raw.query(_settings(raw.server_version, options))
    except BaseException:
        raw.close()
        raise
    return raw


def _settings(version: str, options: ServerOptions) -> str:
    """The statement that makes a session Spica's: strict, in UTC, its messages in English, its statements limited."""
    milliseconds = options.statement_timeout_ms
    limit = (
        f"max_statement_time={milliseconds / 1_000}" if "MariaDB" in version else f"max_execution_time={milliseconds}"
    )
    return f"SET autocommit=1, sql_mode='TRADITIONAL', time_zone='+00:00', lc_messages='en_US', {limit}"


def _can_be_sent(values: Sequence[object]) -> bool:
    try:
        pack_binary_params(tuple(values), "utf8")
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _check(values: Sequence[object]) -> None:
    for value in values:
        if type(value) not in _SENDABLE and not isinstance(value, int | str | bytes | datetime):
            raise TypeError(f"a {type(value).__name__} is no value of a database")
