"""Advisory locks beside a SQLite file: a locked file of its own for each name, `app.db-lock-<digits>`.

Rules of this file:
- The system frees the lock of a process that ends, however it ends. The file stays: removing one that another process
  has just opened would give the lock twice. Source: flock(2).
- A database in memory is this process's, and so are its locks.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from spica.db.errors import CannotOpen, LockTaken

PAUSE_S = 0.02

_in_memory: set[tuple[int, str]] = set()


@asynccontextmanager
async def held_file(path: str, name: str, wait_s: float | None) -> AsyncIterator[None]:
    """Hold the lock of a name for a database's file. Raises LockTaken."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    file = f"{path}-lock-{digest}"
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as problem:
        raise CannotOpen(f"the lock {file} can't be made", why=str(problem)) from problem
    try:
        deadline = None if wait_s is None else time.monotonic() + wait_s
        while not _lock(descriptor):
            await _pause(name, deadline, wait_s)
        yield
    finally:
        os.close(descriptor)  # and with it the lock


@asynccontextmanager
async def held_in_memory(driver: object, name: str, wait_s: float | None) -> AsyncIterator[None]:
    """Hold the lock of a name for a database in memory. Raises LockTaken."""
    key = (id(driver), name)
    deadline = None if wait_s is None else time.monotonic() + wait_s
    while key in _in_memory:
        await _pause(name, deadline, wait_s)
    _in_memory.add(key)
    try:
        yield
    finally:
        _in_memory.discard(key)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _pause(name: str, deadline: float | None, wait_s: float | None) -> None:
    left = PAUSE_S if deadline is None else min(PAUSE_S, deadline - time.monotonic())
    if left <= 0:
        raise LockTaken(name, wait_s)
    await asyncio.sleep(left)  # the system gives no event to wait for
