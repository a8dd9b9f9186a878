"""An open transaction as the engine sees it: its statements, in order, on the writer's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from spica.db.driver import Parameters, Row, Written
from spica.db.drivers.sqlite.connection import Fetch, commit, execute, fetch_named, fetch_rows, roll_back, run_write
from spica.db.drivers.sqlite.jobs import Job, SessionJob, Work
from spica.db.drivers.sqlite.writer import Writer
from spica.db.errors import ReadOnlyDatabase, TransactionOver
from spica.db.settled import settled


class SqliteSession:
    """The writer's connection inside BEGIN IMMEDIATE, until `commit` or `rollback`."""

    __slots__ = ("_ended", "_job")

    def __init__(self, job: SessionJob) -> None:
        self._job = job
        self._ended = False

    @classmethod
    async def begin(cls, writer: Writer, *, read_only: bool = False) -> SqliteSession:
        """Wait for the writer and open a transaction. Cancelled meanwhile, nothing stays open."""
        begun = asyncio.get_running_loop().create_future()
        session = cls(SessionJob(begun, read_only=read_only))
        writer.submit(session._job)
        try:
            await begun
        except BaseException:
            session.abandon()
            raise
        return session

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read within the transaction: it sees its own writes."""
        rows: list[Row] = await self._run(fetch_rows, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Read rows as dicts within the transaction."""
        rows: list[dict[str, Any]] = await self._run(fetch_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Change rows within the transaction."""
        written: Written = await self._run(run_write, sql, parameters)
        return written

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int | None:
        """It has no way but INSERT."""
        return None

    async def commit(self) -> None:
        """Make it durable. A cancellation meanwhile is delivered after the outcome is known."""
        await self._end(commit)

    async def rollback(self) -> None:
        """Undo it. A cancellation meanwhile is delivered afterwards."""
        await self._end(roll_back)

    async def savepoint(self, name: str) -> None:
        """Mark a point to which the transaction can be undone."""
        await settled(self._submit(partial(execute, sql=f"SAVEPOINT {name}"), "SAVEPOINT"))

    async def release(self, name: str) -> None:
        """Forget a savepoint, keeping what came after it."""
        await settled(self._submit(partial(execute, sql=f"RELEASE {name}"), "RELEASE"))

    async def undo_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        await settled(self._submit(partial(execute, sql=f"ROLLBACK TO {name}"), "ROLLBACK TO"))

    def abandon(self) -> None:
        """Undo it without waiting: for a task that is being destroyed, perhaps after its loop."""
        if not self._ended:
            self._ended = True
            self._job.jobs.put(Job(roll_back, "ROLLBACK", None, last=True))

    async def _run(self, fetch: Fetch, sql: str, parameters: Parameters) -> Any:
        try:
            return await self._submit(lambda connection: fetch(connection, sql, parameters), sql)
        except ReadOnlyDatabase as problem:
            if not self._job.read_only:
                raise
            raise ReadOnlyDatabase(
                "a transaction that only reads was asked to write",
                where=sql,
                why="it was opened with read_only=True",
                fix="write outside of it, or open it with: async with transaction():",
            ) from problem

    def _submit(self, work: Work, sql: str) -> asyncio.Future[Any]:
        if self._ended:
            raise TransactionOver("the transaction has ended", where=sql, fix="use it inside its transaction() block")
        future = asyncio.get_running_loop().create_future()
        self._job.jobs.put(Job(work, sql, future))
        return future

    async def _end(self, work: Work) -> None:
        if self._ended:
            return
        self._ended = True
        future = asyncio.get_running_loop().create_future()
        self._job.jobs.put(Job(work, work.__name__, future, last=True))
        await settled(future)

    def __del__(self) -> None:
        self.abandon()  # a session that nobody ended must not keep the writer for ever
