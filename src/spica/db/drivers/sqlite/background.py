"""Reads in threads, for what would keep the event loop too long, and results that are read in batches.

Rules of this file:
- A cancelled read is ended by its connection's progress handler, so that it does not keep its thread: `interrupt()` is
  lost when the statement has not begun.
- A stream has a connection of its own for as long as it lasts: all its batches are of one snapshot.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

from spica.db.driver import Parameters, Row
from spica.db.drivers.sqlite.connection import STATEMENT_PROBLEMS, Fetch
from spica.db.drivers.sqlite.failures import build_failure

# Steps of SQLite's virtual machine between two looks whether anybody still waits: less than a millisecond.
STEPS_BETWEEN_LOOKS = 10_000


class BackgroundReaders:
    """A few threads with a reading connection each, opened when first needed."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], path: str, threads: int) -> None:
        self._connect = connect
        self._path = path
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="spica-sqlite-reader")
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()

    async def read(self, fetch: Fetch, sql: str, parameters: Parameters) -> Any:
        """Run one statement in a thread and return what `fetch` makes of it."""
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._run, fetch, sql, parameters, unwanted)
        try:
            return await future
        except asyncio.CancelledError:
            unwanted.set()
            raise

    async def stream(self, sql: str, parameters: Parameters, size: int) -> AsyncIterator[list[Row]]:
        """Read a result in batches of at most `size` rows."""
        connection: sqlite3.Connection | None = None
        run = asyncio.get_running_loop().run_in_executor
        try:
            connection = await run(self._executor, self._connect)
            cursor = await run(self._executor, self._guarded, connection.execute, sql, parameters)
            while batch := await run(self._executor, self._guarded, cursor.fetchmany, size):
                yield batch
        finally:
            if connection is not None:
                connection.interrupt()
                self._executor.submit(connection.close)  # after the thread's last call on it, were it still running

    def close(self) -> None:
        """Stop the threads and close their connections."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()

    def _run(self, fetch: Fetch, sql: str, parameters: Parameters, unwanted: threading.Event) -> Any:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        connection.set_progress_handler(unwanted.is_set, STEPS_BETWEEN_LOOKS)
        try:
            return self._guarded(fetch, connection, sql, parameters)
        finally:
            connection.set_progress_handler(None, 0)
            self._idle.put(connection)

    def _guarded(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except STATEMENT_PROBLEMS as problem:
            sql = next((argument for argument in arguments if isinstance(argument, str)), "")
            raise build_failure(problem, sql, self._path) from problem
