"""Reads on the event loop's thread: a lookup by key takes 10 µs here and 100 in another thread.

Rules of this file:
- A read may keep the loop for `inline_read_ms` only. SQLite calls the guard every 10,000 steps of its virtual machine
  (about half a millisecond); past the limit the statement is aborted and `read` answers None: run it in a thread.
- A statement that was too slow goes to the thread directly for the next minute.
- It never waits for a lock: a busy database answers None as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from time import monotonic

from spica.db.driver import Parameters, Row
from spica.db.drivers.sqlite.connection import STATEMENT_PROBLEMS
from spica.db.drivers.sqlite.failures import build_failure, is_busy, is_interrupted

STEPS_BETWEEN_CHECKS = 10_000
SLOW_FOR_S = 60.0
MAX_SLOW_STATEMENTS = 256


class InlineReader:
    """One connection that reads in the caller's thread, within a time limit."""

    __slots__ = ("_connection", "_deadline", "_execute", "_limit_s", "_path", "_slow")

    def __init__(self, connection: sqlite3.Connection, path: str, limit_ms: int) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._path = path
        self._limit_s = limit_ms / 1000
        self._deadline = 0.0
        self._slow: dict[str, float] = {}
        connection.set_progress_handler(self._is_too_slow, STEPS_BETWEEN_CHECKS)

    def read(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Read now. Returns None when the statement is too slow for the loop or a lock is taken."""
        if self._slow and self._was_slow(sql):
            return None
        self._deadline = 0.0  # the guard starts its clock at its first call, so that a short read never asks the time
        try:
            return self._execute(sql, parameters).fetchall()
        except STATEMENT_PROBLEMS as problem:
            if isinstance(problem, sqlite3.Error):
                if is_interrupted(problem):
                    self._remember_slow(sql)
                    return None
                if is_busy(problem):
                    return None
            raise build_failure(problem, sql, self._path) from problem

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _is_too_slow(self) -> bool:
        now = monotonic()
        if not self._deadline:
            self._deadline = now + self._limit_s
        return now > self._deadline

    def _was_slow(self, sql: str) -> bool:
        until = self._slow.get(sql)
        if until is None:
            return False
        if monotonic() < until:
            return True
        del self._slow[sql]
        return False

    def _remember_slow(self, sql: str) -> None:
        if len(self._slow) >= MAX_SLOW_STATEMENTS:
            self._slow.clear()
        self._slow[sql] = monotonic() + SLOW_FOR_S


class SharedReader:
    """Reads of an in-memory database, which has one connection: inline while its writer is idle, else in its queue."""

    __slots__ = ("_connection", "_is_idle", "_path")

    def __init__(self, connection: sqlite3.Connection, path: str, is_idle: Callable[[], bool]) -> None:
        self._connection = connection
        self._path = path
        self._is_idle = is_idle

    def read(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Read now. Returns None while a write or a transaction is under way."""
        if not self._is_idle():
            return None
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except STATEMENT_PROBLEMS as problem:
            raise build_failure(problem, sql, self._path) from problem

    def close(self) -> None:
        """Nothing: the writer owns the connection."""
