"""An open transaction as the engine sees it: a connection that it alone has until the end.

Rules of this file:
- Control statements (savepoint, commit, rollback) run in a task of their own, so that a cancellation does not leave
  them half-way: it is delivered when the outcome is known.
- The server may end the transaction without being asked: after a deadlock, or because a statement (create, alter, drop)
  commits what was before it. Statements after that would commit one by one, so they are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spica.db.driver import Parameters, Row, Written
from spica.db.drivers.mysql.connection import MysqlConnection, give_back
from spica.db.drivers.mysql.failures import STATEMENT_PROBLEMS, UNDONE, number_of
from spica.db.errors import DatabaseError, DatabaseUnavailable, TransactionOver
from spica.db.placeholders import place_values_for_mysql
from spica.db.pool import Pool
from spica.db.settled import settled

if TYPE_CHECKING:
    from spica.db.drivers.mysql.driver import MysqlDriver


class MysqlSession:
    """A connection inside START TRANSACTION, until `commit` or `rollback`."""

    __slots__ = ("_connection", "_driver", "_ended", "_loop", "_pool", "_undone")

    def __init__(self, driver: MysqlDriver, pool: Pool[MysqlConnection], connection: MysqlConnection) -> None:
        self._driver = driver
        self._pool = pool
        self._connection = connection
        self._ended = False
        self._undone = False  # by the server, for another transaction's sake
        self._loop = asyncio.get_running_loop()

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read within the transaction: it sees its own writes."""
        rows: list[Row] = await self._run(MysqlConnection.fetch_rows, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Read rows as dicts within the transaction."""
        rows: list[dict[str, Any]] = await self._run(MysqlConnection.fetch_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Change rows within the transaction."""
        written: Written = await self._run(MysqlConnection.write, sql, parameters)
        return written

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int | None:
        """It has no way but INSERT."""
        return None

    async def commit(self) -> None:
        """Make it durable. A cancellation meanwhile is delivered after the outcome is known."""
        if self._ended:
            return
        try:
            self._check_open("COMMIT")
        except DatabaseError:
            await self.rollback()
            raise
        self._ended = True
        try:
            await self._settle("COMMIT")
        finally:
            self._give_back()

    async def rollback(self) -> None:
        """Undo it. A cancellation meanwhile is delivered afterwards."""
        if self._ended:
            return
        self._ended = True
        try:
            if self._connection.is_usable and not self._undone:
                await self._settle("ROLLBACK")
        except DatabaseError:
            pass  # the connection is lost, and the server undoes what it began
        finally:
            self._give_back()

    async def savepoint(self, name: str) -> None:
        """Mark a point to which the transaction can be undone."""
        self._check_open(f"SAVEPOINT {name}")
        await self._settle(f"SAVEPOINT {name}")

    async def release(self, name: str) -> None:
        """Forget a savepoint, keeping what came after it. Of an undone transaction its end tells."""
        if self._is_open:
            await self._settle(f"RELEASE SAVEPOINT {name}")

    async def undo_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        if self._is_open:
            await self._settle(f"ROLLBACK TO SAVEPOINT {name}")

    def abandon(self) -> None:
        """Undo it without waiting: for a task that is being destroyed, perhaps after its loop."""
        if not self._ended:
            self._ended = True
            if self._loop.is_closed() or not self._loop.is_running():
                self._pool.discard(self._connection)
            else:
                self._loop.call_soon_threadsafe(self._give_back)

    @property
    def _is_open(self) -> bool:
        return self._connection.is_usable and not self._undone and not self._connection.is_clean

    async def _run(self, work: Any, sql: str, parameters: Parameters) -> Any:
        self._check_open(sql)
        sql, values = place_values_for_mysql(sql, parameters)
        try:
            return await work(self._connection, sql, values)
        except STATEMENT_PROBLEMS as problem:
            self._undone = number_of(problem) in UNDONE
            raise await self._driver.explain(problem, sql, self._connection) from problem

    async def _settle(self, sql: str) -> None:
        await settled(self._loop.create_task(self._control(sql)))

    async def _control(self, sql: str) -> None:
        try:
            await self._connection.control(sql)
        except STATEMENT_PROBLEMS as problem:
            self._undone = number_of(problem) in UNDONE
            raise self._driver.build_failure(problem, sql, self._connection) from problem

    def _give_back(self) -> None:
        give_back(self._pool, self._connection)

    def _check_open(self, sql: str) -> None:
        if self._ended:
            raise TransactionOver("the transaction has ended", where=sql, fix="use it inside its transaction() block")
        if not self._connection.is_usable:
            raise DatabaseUnavailable(
                f"the connection to {self._driver.url.place} was lost",
                where=sql,
                why="a statement of this transaction was cancelled, or the server went away; all of it is undone",
            )
        if self._undone:
            raise TransactionOver(
                "this transaction was undone by the database",
                where=sql,
                why="another one was in its way (a deadlock)",
                fix="let the TransactionConflict leave the block, and do all of it again: db.run_transaction(retry=3)",
            )
        if self._connection.is_clean:
            raise TransactionOver(
                "the transaction was committed by a statement in it",
                where=sql,
                why="MariaDB and MySQL commit before and after create, alter, drop, truncate, grant and lock tables",
                fix="run that statement before the transaction",
            )

    def __del__(self) -> None:
        self.abandon()  # a session that nobody ended must not keep its connection for ever
