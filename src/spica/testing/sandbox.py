"""A database for one test: everything it does is rolled back, whoever in the process did it.

Rules of this file:
- One transaction is open for the whole test, and every statement of the process runs in it. Transactions of the
  application are savepoints, which commit into it and roll back like the real ones.
- A statement that fails undoes itself only, as it does outside of tests: on PostgreSQL each one that is not in a
  transaction of the application has a savepoint of its own.
- A statement whose task is cancelled runs to its end: its connection is the whole test's.
- One statement at a time, and while a transaction of the application is open, its own only: others wait, as they would
  for a database's write lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from spica.db.driver import DEFAULT_OPTIONS, Codec, Driver, Parameters, Row, Session, TransactionOptions, Written
from spica.db.engine import Database
from spica.db.errors import ReadOnlyDatabase
from spica.db.settled import settled


@contextlib.asynccontextmanager
async def rolled_back(database: Database) -> AsyncIterator[None]:
    """Undo at the end of the block what is done to a database meanwhile."""
    driver = database.driver
    session = await driver.begin()
    database.driver = SandboxDriver(driver, session)
    try:
        yield
    finally:
        database.driver = driver
        await session.rollback()


class SandboxDriver:
    """A driver whose every statement runs in one session."""

    def __init__(self, driver: Driver, session: Session) -> None:
        self.dialect = driver.dialect
        self.codecs: Mapping[type, Codec] = driver.codecs
        self.statement_codecs: Mapping[type, Codec] = driver.statement_codecs
        self._driver = driver
        self._session = session
        self._turn = asyncio.Lock()
        self._names = (f"spica_test_{n}" for n in itertools.count(1))

    def read_now(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Never here: the session answers from its own thread."""
        return None

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read in the test's transaction."""
        rows: list[Row] = await self._alone(self._session.read, sql, parameters)
        return rows

    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Read rows as dicts in the test's transaction."""
        rows: list[dict[str, Any]] = await self._alone(self._session.read_named, sql, parameters)
        return rows

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Change rows in the test's transaction."""
        written: Written = await self._alone(self._session.write, sql, parameters)
        return written

    async def stream(self, sql: str, parameters: Parameters, *, size: int) -> AsyncIterator[list[Row]]:
        """Read at once, and hand out in batches."""
        rows = await self.read(sql, parameters)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    async def begin(self, options: TransactionOptions = DEFAULT_OPTIONS) -> Session:
        """Open a transaction of the application: a savepoint, which others wait for."""
        await self._turn.acquire()
        name = next(self._names)
        try:
            await self._session.savepoint(name)
        except BaseException:
            self._turn.release()
            raise
        return _Inner(self._session, name, self._turn, read_only=options.read_only)

    def advisory_lock(self, name: str, wait_s: float | None) -> contextlib.AbstractAsyncContextManager[None]:
        """The database's own: it has no part in transactions."""
        return self._driver.advisory_lock(name, wait_s)

    async def _alone(self, work: Any, sql: str, parameters: Parameters) -> Any:
        async with self._turn:
            if self.dialect != "postgresql":
                return await whole(work, sql, parameters)
            name = next(self._names)
            await self._session.savepoint(name)
            try:
                result = await whole(work, sql, parameters)
            except BaseException:
                await self._session.undo_to(name)
                raise
            finally:
                await self._session.release(name)
            return result

    async def close(self) -> None:
        """The database is closed by whoever opened it."""


class _Inner:
    """A transaction of the application, inside the test's."""

    def __init__(self, session: Session, name: str, turn: asyncio.Lock, *, read_only: bool) -> None:
        self._session = session
        self._name = name
        self._turn = turn
        self.read = partial(whole, session.read)
        self.read_named = partial(whole, session.read_named)
        self.write = _refuse_write if read_only else partial(whole, session.write)
        self.copy = partial(whole, session.copy)
        self.savepoint = session.savepoint
        self.release = session.release
        self.undo_to = session.undo_to

    async def commit(self) -> None:
        """Make it part of the test's transaction."""
        try:
            await self._session.release(self._name)
        finally:
            self._turn.release()

    async def rollback(self) -> None:
        """Undo it, and nothing before it."""
        try:
            await self._session.undo_to(self._name)
            await self._session.release(self._name)
        finally:
            self._turn.release()

    def abandon(self) -> None:
        """Undo it as soon as the loop runs on: the task that had it is being destroyed, and can't wait."""
        with contextlib.suppress(RuntimeError):  # no loop: the test is over, and all of it is undone
            self._undoing = asyncio.get_running_loop().create_task(self.rollback())


async def whole(work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
    """Await work(*arguments) to the end; a cancellation meanwhile is raised afterwards."""
    return await settled(asyncio.get_running_loop().create_task(work(*arguments)))


async def _refuse_write(sql: str, parameters: Parameters) -> Written:
    raise ReadOnlyDatabase(
        "a transaction that only reads was asked to write", where=sql, why="it was opened with read_only=True"
    )
