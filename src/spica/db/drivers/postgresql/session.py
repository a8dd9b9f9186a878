"""An open transaction as the engine sees it: a connection that it alone has until the end.

Rules of this file:
- Control statements (savepoint, commit, rollback) run in a task of their own, so that a cancellation does not leave
  them half-way: it is delivered when the outcome is known.
- A statement that fails leaves the transaction undone but for ROLLBACK TO and ROLLBACK: PostgreSQL's rule, not ours.
  The first that failed is kept for the message of those that are refused after it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from spica.db.driver import Parameters, Row, Written
from spica.db.drivers.postgresql.connection import PostgresqlConnection
from spica.db.drivers.postgresql.failures import STATEMENT_PROBLEMS, build_failure, build_undone, is_undone
from spica.db.errors import DatabaseError, TransactionOver
from spica.db.placeholders import place_values
from spica.db.pool import Pool
from spica.db.settled import settled


class PostgresqlSession:
    """A connection inside BEGIN, until `commit` or `rollback`."""

    __slots__ = ("_connection", "_ended", "_failed", "_loop", "_place", "_pool")

    def __init__(self, pool: Pool[PostgresqlConnection], connection: PostgresqlConnection, place: str) -> None:
        self._pool = pool
        self._connection = connection
        self._place = place
        self._ended = False
        self._failed = ""  # the first statement that failed since the last savepoint, and why
        self._loop = asyncio.get_running_loop()

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read within the transaction: it sees its own writes."""
        rows: list[Row] = await self._run(PostgresqlConnection.fetch_rows, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Read rows as dicts within the transaction."""
        rows: list[dict[str, Any]] = await self._run(PostgresqlConnection.fetch_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Change rows within the transaction."""
        written: Written = await self._run(PostgresqlConnection.write, sql, parameters)
        return written

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int | None:
        """Insert rows by COPY, which is not parsed or planned row by row. All or none are inserted."""
        sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        self._check_open(sql)
        try:
            tag: str = await self._connection.raw.copy_records_to_table(table, columns=columns, records=rows)
        except STATEMENT_PROBLEMS as problem:
            raise self._build_failure(problem, sql) from problem
        return int(tag.rpartition(" ")[2])

    async def commit(self) -> None:
        """Make it durable. A cancellation meanwhile is delivered after the outcome is known."""
        if self._ended:
            return
        self._ended = True
        await self._settle("COMMIT", last=True)

    async def rollback(self) -> None:
        """Undo it. A cancellation meanwhile is delivered afterwards."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(DatabaseError):  # the connection is lost, and the server undoes what it began
            await self._settle("ROLLBACK", last=True)

    async def savepoint(self, name: str) -> None:
        """Mark a point to which the transaction can be undone."""
        await self._settle(f"SAVEPOINT {name}")

    async def release(self, name: str) -> None:
        """Forget a savepoint, keeping what came after it. Of a lost connection the end of the transaction tells."""
        if self._connection.is_usable:
            await self._settle(f"RELEASE SAVEPOINT {name}")

    async def undo_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        if self._connection.is_usable:
            await self._settle(f"ROLLBACK TO SAVEPOINT {name}")
            self._failed = ""

    def abandon(self) -> None:
        """Undo it without waiting: for a task that is being destroyed, perhaps after its loop."""
        if not self._ended:
            self._ended = True
            if self._loop.is_closed() or not self._loop.is_running():
                self._pool.discard(self._connection)
            else:
                self._loop.call_soon_threadsafe(self._pool.release, self._connection)

    async def _run(self, work: Any, sql: str, parameters: Parameters) -> Any:
        self._check_open(sql)
        sql, values = place_values(sql, parameters)
        try:
            return await work(self._connection, sql, values)
        except STATEMENT_PROBLEMS as problem:
            raise self._build_failure(problem, sql) from problem

    async def _settle(self, sql: str, *, last: bool = False) -> None:
        if not last:
            self._check_open(sql)
        try:
            await settled(self._loop.create_task(self._control(sql)))
        finally:
            if last:
                self._pool.release(self._connection)

    async def _control(self, sql: str) -> None:
        try:
            tag = await self._connection.raw.execute(sql)
        except STATEMENT_PROBLEMS as problem:
            raise self._build_failure(problem, sql) from problem
        if sql == "COMMIT" and tag != "COMMIT":
            raise build_undone("the transaction was not committed", self._failed)

    def _build_failure(self, problem: Exception, sql: str) -> DatabaseError:
        if is_undone(problem):
            return build_undone("this transaction can only be rolled back", self._failed, sql)
        failure = build_failure(problem, sql, self._place)
        self._failed = self._failed or f"{failure.what} ({sql})"
        return failure

    def _check_open(self, sql: str) -> None:
        if self._ended:
            raise TransactionOver("the transaction has ended", where=sql, fix="use it inside its transaction() block")

    def __del__(self) -> None:
        self.abandon()  # a session that nobody ended must not keep its connection for ever
