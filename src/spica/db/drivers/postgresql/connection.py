"""One connection: its prepared statements, and what a statement does on it.

Rules of this file:
- A statement is prepared once a connection and run by its name from then on. With a pooler between, it is not kept.
- Rows leave as tuples: asyncpg's records can't be pickled.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from typing import Any

import asyncpg
from asyncpg.exceptions import InvalidCachedStatementError, OutdatedSchemaCacheError
from asyncpg.prepared_stmt import PreparedStatement

from spica.db.driver import Row, Written
from spica.db.drivers.postgresql.failures import build_connect_failure
from spica.db.drivers.postgresql.options import PostgresqlOptions
from spica.db.url import DatabaseUrl

MAX_PREPARED = 512
CLOSE_TIMEOUT_S = 1.0


class PostgresqlConnection:
    """A connection of asyncpg with its prepared statements."""

    __slots__ = ("_keeps", "_prepared", "raw")

    def __init__(self, raw: Any, *, keeps: bool) -> None:
        self.raw = raw
        self._keeps = keeps
        self._prepared: dict[str, PreparedStatement] = {}

    @property
    def is_usable(self) -> bool:
        """Whether it is open, as far as is known without asking the server."""
        return not self.raw.is_closed()

    @property
    def is_clean(self) -> bool:
        """Whether it is in no transaction."""
        return not self.raw.is_in_transaction()

    async def recover(self) -> None:
        """Wait for a cancelled statement to end, and roll back. asyncpg itself waits before it sends anything."""
        await self.raw.execute("ROLLBACK" if self.raw.is_in_transaction() else "SELECT 1")
        if self.raw.is_in_transaction():
            await self.raw.execute("ROLLBACK")

    async def close(self) -> None:
        """Say goodbye to the server."""
        try:
            await self.raw.close(timeout=CLOSE_TIMEOUT_S)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self.terminate()

    def terminate(self) -> None:
        """Close without waiting."""
        with contextlib.suppress(RuntimeError):  # its loop is over, and with it the connection
            self.raw.terminate()

    async def fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        """Run a statement and return asyncpg's records."""
        records, _ = await self._run(sql, values)
        return records

    async def fetch_rows(self, sql: str, values: Sequence[object]) -> list[Row]:
        """Run a statement and return its rows."""
        records, _ = await self._run(sql, values)
        return [record[:] for record in records]  # tuples, in two thirds of the time of tuple(record)

    async def fetch_named(self, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
        """Run a statement and return its rows as dicts."""
        records, _ = await self._run(sql, values)
        return [dict(record) for record in records]

    async def write(self, sql: str, values: Sequence[object]) -> Written:
        """Run a statement that changes rows; with RETURNING, the first value that it returns is the last id."""
        records, status = await self._run(sql, values)
        count = status.rpartition(" ")[2]  # "INSERT 0 1", "UPDATE 3", "CREATE TABLE"
        return Written(int(count) if count.isdecimal() else -1, records[0][0] if records else 0)

    async def _run(self, sql: str, values: Sequence[object]) -> tuple[list[Any], str]:
        statement = self._prepared.get(sql) or await self._prepare(sql)
        try:
            return await statement.fetch(*values), statement.get_statusmsg()
        except (InvalidCachedStatementError, OutdatedSchemaCacheError) as outdated:
            # A migration changed the table after the statement was prepared.
            self._prepared.clear()
            if isinstance(outdated, OutdatedSchemaCacheError) or self.raw.is_in_transaction():
                raise
        except asyncpg.InternalClientError:
            self.terminate()  # asyncpg has lost count of what was said
            raise
        statement = await self._prepare(sql)
        return await statement.fetch(*values), statement.get_statusmsg()

    async def _prepare(self, sql: str) -> PreparedStatement:
        statement: PreparedStatement = await self.raw.prepare(sql)
        if self._keeps:
            if len(self._prepared) >= MAX_PREPARED:
                self._prepared.clear()  # asyncpg closes them at the server
            self._prepared[sql] = statement
        return statement


async def open_connection(url: DatabaseUrl, options: PostgresqlOptions) -> PostgresqlConnection:
    """Open a connection with Spica's settings.

    Raises: DatabaseUnavailable when there is no answer in time, CannotOpen when user or name are refused.
    """
    try:
        raw = await asyncpg.connect(
            host=url.host,
            port=url.port,
            user=url.user,
            password=url.password,
            database=url.name,
            timeout=options.connect_timeout_ms / 1_000,
            command_timeout=options.statement_timeout_ms / 1_000 or None,
            statement_cache_size=0 if options.pgbouncer else MAX_PREPARED,
            ssl=_ssl(options.ssl, url.host),
            server_settings={"timezone": "UTC", "application_name": "spica"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        raise build_connect_failure(problem, url.place) from problem
    return PostgresqlConnection(raw, keeps=not options.pgbouncer)


def _ssl(mode: str, host: str | None) -> Any:
    if mode == "disable" or (mode == "prefer" and (host is None or host.startswith("/"))):
        return False
    return ssl.create_default_context() if mode == "verify-full" else mode
