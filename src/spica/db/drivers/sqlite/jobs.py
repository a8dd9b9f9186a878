"""What is handed to the writer thread: single statements and whole transactions, each with the future that waits."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

Work = Callable[[sqlite3.Connection], Any]

_SHARES_COMMIT = re.compile(r"\s*(insert|update|delete|replace)\b", re.IGNORECASE)


class Job:
    """One thing to do on the writer's connection.

    Args:    work: called in the writer's thread; sql: for messages; future: who waits, None for nobody;
             last: whether it ends a transaction.
    """

    __slots__ = ("future", "last", "sql", "work")

    def __init__(self, work: Work, sql: str, future: asyncio.Future[Any] | None, *, last: bool = False) -> None:
        self.work = work
        self.sql = sql
        self.future = future
        self.last = last

    @property
    def shares_commit(self) -> bool:
        """Whether it may run in one transaction with others: row changes may, PRAGMA, VACUUM and DDL may not."""
        return _SHARES_COMMIT.match(self.sql) is not None

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.future is not None and self.future.cancelled()

    def tell(self, result: Any = None, problem: BaseException | None = None) -> None:
        """Resolve the future on its loop, from the writer's thread."""
        if self.future is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed, and with it the task that waited
            self.future.get_loop().call_soon_threadsafe(_settle, self.future, result, problem)


class SessionJob(Job):
    """A transaction: BEGIN, then the jobs of its own queue up to one that is the last."""

    __slots__ = ("jobs", "read_only")

    def __init__(self, future: asyncio.Future[Any], *, read_only: bool = False) -> None:
        super().__init__(_begin_reading if read_only else _begin, "BEGIN" if read_only else "BEGIN IMMEDIATE", future)
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self.read_only = read_only


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def _begin_reading(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute("PRAGMA query_only = ON")


def _settle(future: asyncio.Future[Any], result: Any, problem: BaseException | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(result)
    else:
        future.set_exception(problem)
