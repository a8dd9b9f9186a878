"""Transactions: `async with transaction():`, nested as savepoints.

Rules of this file:
- A transaction belongs to the task that opened it. Another task that inherits it (a TaskGroup inside the block) gets an
  error instead of a share of it.
- Leaving the block normally commits; an exception, a cancellation included, rolls back and goes on.
- Cancelled while it commits, the block waits for the outcome first: the database is never left half-way, and the
  writer is never left in a transaction.
- A nested block is a savepoint: its failure undoes only itself, if the outer block catches the exception.
- What waits for the commit (`after_commit`) runs after the outermost one, in order, outside of the transaction: all of
  it, also when one of them fails. An undone block forgets what was registered in it and runs its `after_rollback`s.
- What objects in memory must forget with an undone block (`on_undo`) is called last first, and must not wait.
- Only the whole is done again after a conflict, so only `run_transaction`, which has it as a function, can retry.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from inspect import isawaitable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar, get_args

from spica.db.driver import DEFAULT_OPTIONS, Isolation, TransactionOptions
from spica.db.errors import TransactionConflict, TransactionInOtherTask, TransactionOptionError, TransactionOver

if TYPE_CHECKING:
    from spica.db.driver import Session
    from spica.db.engine import Database

T = TypeVar("T")
Hook = Callable[[], object]  # `def` or `async def`, without arguments

FIRST_PAUSE_S = 0.01  # before a second attempt; twice as long before each next one, and a random part of it

_current: ContextVar[Transaction | None] = ContextVar("spica_transaction", default=None)


class Rollback(Exception):
    """Raise this inside `transaction()` to undo the block and go on after it; nobody sees it outside."""


class Transaction:
    """One `async with` block. Use `spica.db.transaction()` to make one."""

    __slots__ = (
        "_after_commit",
        "_after_rollback",
        "_database",
        "_depth",
        "_on_undo",
        "_options",
        "_outer",
        "_session",
        "_task",
        "_token",
    )

    def __init__(self, database: Database, options: TransactionOptions = DEFAULT_OPTIONS) -> None:
        self._database = database
        self._options = options
        self._after_commit: list[Hook] = []
        self._after_rollback: list[Hook] = []
        self._on_undo: list[Callable[[], None]] = []
        self._session: Session | None = None
        self._outer: Transaction | None = None  # on the same database
        self._depth = 0
        self._task: asyncio.Task[object] | None = None
        self._token: Token[Transaction | None] | None = None

    async def __aenter__(self) -> Transaction:
        if self._token is not None:
            raise TransactionOver(
                "this transaction was entered before", fix="make a new one: async with transaction():"
            )
        self._task = asyncio.current_task()
        self._outer = active_transaction(self._database)
        if self._outer is None:
            self._session = await self._database.driver.begin(self._options)
        else:
            self._check_nested()
            self._session = self._outer.session
            self._depth = self._outer._depth + 1
            await self._session.savepoint(self._savepoint)
        self._token = _current.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> bool:
        session = self._leave()
        if kind is not None and issubclass(kind, GeneratorExit):
            session.abandon()  # the task is being destroyed, and must not await
            self._undo()
        elif kind is not None:
            await self._roll_back(session)
        elif self._outer is None:
            await self._commit(session)
        else:
            await self._release(session, self._outer)
        return kind is not None and issubclass(kind, Rollback)

    def after_commit(self, hook: Hook) -> None:
        """Call a function when all this is durable: after the commit of the outermost transaction.

        Args:    hook: `def` or `async def` without arguments. What it raises leaves the outermost block, when all
                 others have run; nothing is undone by it.
        """
        _ = self.session
        self._after_commit.append(hook)

    def after_rollback(self, hook: Hook) -> None:
        """Call a function when this was undone, by the end of this block or of one around it."""
        _ = self.session
        self._after_rollback.append(hook)

    def on_undo(self, restore: Callable[[], None]) -> None:
        """Call a function when this is undone, last first and even where nothing can be awaited; it must not raise."""
        self._on_undo.append(restore)

    @property
    def session(self) -> Session:
        """The driver's session. Raises TransactionInOtherTask when the running task is not the one that opened it."""
        if self._session is None:
            raise TransactionOver("this transaction is not open", fix="use it inside: async with transaction():")
        if asyncio.current_task() is not self._task:
            raise TransactionInOtherTask(
                "a transaction was used by another task than the one that opened it",
                why="one connection can't serve two tasks at a time; the other one inherited it, as in a TaskGroup",
                fix="do the work in the opening task, or open the transaction inside the new task",
            )
        return self._session

    def around(self) -> Transaction | None:
        """The transaction that was current when this one was entered, on whichever database."""
        previous = self._token.old_value if self._token is not None else None
        return None if previous is Token.MISSING else previous

    async def _commit(self, session: Session) -> None:
        try:
            await session.commit()
        except asyncio.CancelledError as cancellation:
            # The driver waited for the outcome: a cancellation without a cause came after a commit that worked.
            if cancellation.__cause__ is None:
                await _run_hooks(self._after_commit)
            else:
                await self._undone()
            raise
        except BaseException:
            await self._undone()
            raise
        await _run_hooks(self._after_commit)

    async def _roll_back(self, session: Session) -> None:
        try:
            if self._outer is None:
                await session.rollback()
            else:
                await session.undo_to(self._savepoint)
                await session.release(self._savepoint)
        finally:
            await self._undone()

    async def _release(self, session: Session, outer: Transaction) -> None:
        outer._after_commit += self._after_commit
        outer._after_rollback += self._after_rollback
        outer._on_undo += self._on_undo
        await session.release(self._savepoint)

    async def _undone(self) -> None:
        self._undo()
        await _run_hooks(self._after_rollback)

    def _undo(self) -> None:
        for restore in reversed(self._on_undo):
            restore()

    def _check_nested(self) -> None:
        if self._options != DEFAULT_OPTIONS:
            raise TransactionOptionError(
                "a transaction inside of another can't have options",
                why="it is a savepoint: isolation and read_only belong to the whole transaction",
                fix="give them to the outermost: async with transaction(isolation=..., read_only=...):",
            )

    @property
    def _savepoint(self) -> str:
        return f"spica_{self._depth}"

    def _leave(self) -> Session:
        assert self._token is not None
        assert self._session is not None
        # An async generator may be closed in another context than it ran in; that context ends with it.
        with contextlib.suppress(ValueError):
            _current.reset(self._token)
        session, self._session = self._session, None
        return session


def active_transaction(database: Database) -> Transaction | None:
    """Find the innermost open transaction on a database in this context; None when there is none."""
    transaction = _current.get()
    while transaction is not None and transaction._database is not database:
        transaction = transaction.around()
    return transaction


def build_options(isolation: Isolation | None, read_only: bool) -> TransactionOptions:
    """Check what `transaction(...)` was given. Raises TransactionOptionError for an isolation that does not exist."""
    if isolation is not None and isolation not in get_args(Isolation):
        raise TransactionOptionError(
            f"there is no isolation level {isolation!r}",
            fix=f"write one of {', '.join(map(repr, get_args(Isolation)))}",
        )
    return TransactionOptions(isolation, read_only) if isolation or read_only else DEFAULT_OPTIONS


async def run_in_transaction(
    database: Database, work: Callable[[], Awaitable[T]], options: TransactionOptions, *, retry: int
) -> T:
    """Await `work()` in a transaction, and the whole again up to `retry` times when another transaction undid it.

    Inside of another transaction it is a savepoint and runs once: a conflict undoes the outermost one too.
    """
    attempts = 1 if active_transaction(database) is not None else retry + 1
    for attempt in range(1, attempts + 1):
        try:
            async with Transaction(database, options):
                return await work()
        except TransactionConflict:
            if attempt == attempts:
                raise
        await asyncio.sleep(random.uniform(0.5, 1) * FIRST_PAUSE_S * 2 ** (attempt - 1))  # noqa: S311  # no secret
    raise AssertionError("the last attempt returns or raises")


async def _run_hooks(hooks: list[Hook]) -> None:
    """Run all hooks in order. Raises what one of them raised, or a group of what several did."""
    problems: list[Exception] = []
    for hook in hooks:
        try:
            result = hook()
            if isawaitable(result):
                await result
        except Exception as problem:
            problems.append(problem)
    if len(problems) > 1:
        raise ExceptionGroup("several hooks of a transaction failed", problems)
    if problems:
        raise problems[0]
