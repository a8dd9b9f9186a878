"""Transactions: `async with transaction():`, nested as savepoints.

Rules of this file:
- A transaction belongs to the task that opened it. Another task that inherits it (a TaskGroup inside the block) gets an
  error instead of a share of it.
- Leaving the block normally commits; an exception, a cancellation included, rolls back and goes on.
- Cancelled while it commits, the block waits for the outcome first: the database is never left half-way, and the
  writer is never left in a transaction.
- A nested block is a savepoint: its failure undoes only itself, if the outer block catches the exception.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING

from spica.db.errors import TransactionInOtherTask, TransactionOver

if TYPE_CHECKING:
    from spica.db.driver import Session
    from spica.db.engine import Database

_current: ContextVar[Transaction | None] = ContextVar("spica_transaction", default=None)


class Rollback(Exception):
    """Raise this inside `transaction()` to undo the block and go on after it; nobody sees it outside."""


class Transaction:
    """One `async with` block. Use `spica.db.transaction()` to make one."""

    __slots__ = ("_database", "_depth", "_outer", "_session", "_task", "_token")

    def __init__(self, database: Database) -> None:
        self._database = database
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
            self._session = await self._database.driver.begin()
        else:
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
        elif self._outer is not None:
            if kind is not None:
                await session.undo_to(self._savepoint)
            await session.release(self._savepoint)
        elif kind is None:
            await session.commit()
        else:
            await session.rollback()
        return kind is not None and issubclass(kind, Rollback)

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
