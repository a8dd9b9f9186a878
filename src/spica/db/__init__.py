"""Databases: `configure` one, write SQL with bound values, group statements in transactions.

Example:
    from spica import db

    db.configure("sqlite://./db/development.db")
    rows = await db.query("select * from posts where id = :id", id=7)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from spica.db.driver import Isolation
from spica.db.engine import Database, configure, current, transaction, use
from spica.db.errors import (
    ConstraintViolation,
    DatabaseBusy,
    DatabaseError,
    DiskFull,
    LockTaken,
    NotConfigured,
    ReadOnlyDatabase,
    TableMissing,
    TransactionConflict,
)
from spica.db.transaction import Hook, Rollback

__all__ = [
    "ConstraintViolation",
    "Database",
    "DatabaseBusy",
    "DatabaseError",
    "DiskFull",
    "LockTaken",
    "NotConfigured",
    "ReadOnlyDatabase",
    "Rollback",
    "TableMissing",
    "TransactionConflict",
    "advisory_lock",
    "after_commit",
    "configure",
    "current",
    "execute",
    "query",
    "run_transaction",
    "transaction",
    "use",
]

T = TypeVar("T")


async def query(sql: str, /, **values: object) -> list[dict[str, Any]]:
    """Run a statement on the default database and return its rows; see `Database.query`."""
    return await current().query(sql, **values)


async def execute(sql: str, /, **values: object) -> int:
    """Run a statement that changes rows on the default database; see `Database.execute`."""
    return await current().execute(sql, **values)


async def run_transaction(
    work: Callable[[], Awaitable[T]],
    *,
    retry: int = 0,
    isolation: Isolation | None = None,
    read_only: bool = False,
) -> T:
    """Await a function in a transaction on the default database, and again when another transaction got in its way.

    Args:    work: an async function without arguments; it must stand being run several times;
             retry: how often the whole is done again after a TransactionConflict (a serialization failure, a deadlock),
             after a short random pause; isolation, read_only: as for `transaction`.
    Returns: what `work` returned.
    Raises:  TransactionConflict when the last attempt met one too; what `work` raises.
    Example:
        async def move():
            await take(10, from_account)
            await give(10, to_account)

        await db.run_transaction(move, retry=3, isolation="serializable")
    """
    return await current().run_transaction(work, retry=retry, isolation=isolation, read_only=read_only)


def advisory_lock(name: str, *, wait_s: float | None = 10.0) -> AbstractAsyncContextManager[None]:
    """Hold a lock by name on the default database: one block with this name runs at a time, in all processes together.

    It guards what a row's lock can't: work that must be done once. It has no part in transactions, and keeps a
    connection of the pool (on SQLite: a file) for as long as the block runs. Taking it again inside of itself waits for
    ever. A process that dies frees it.

    Args:    name: any text; wait_s: how long to wait for it, 0 not at all, None for ever.
    Raises:  LockTaken when it was not free in time.
    Example:
        async with db.advisory_lock("nightly invoices", wait_s=0):
            async with db.transaction():
                await write_invoices()
    """
    return current().advisory_lock(name, wait_s=wait_s)


async def after_commit(hook: Hook) -> None:
    """Call a function when what was done so far is durable; see `Transaction.after_commit`.

    Args:    hook: `def` or `async def` without arguments. Inside of a transaction it runs after the outermost commit,
             and never when this part is undone; outside of one it runs, and is awaited, at once.
    Example: await db.after_commit(lambda: log.info("ordered %s", order.id))
    """
    await current().after_commit(hook)
