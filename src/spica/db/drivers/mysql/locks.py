"""MariaDB's and MySQL's locks by name.

Rules of this file:
- They are the server's, not the database's, so the name has the database's in it; it has 64 characters at most.
- A lock belongs to a connection of the pool. One that was cancelled meanwhile is not used again, which frees the lock.
- Waiting is a statement, and no statement may take longer than `statement_timeout_ms`: it waits several times.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from spica.db.drivers.mysql.connection import MysqlConnection, give_back
from spica.db.drivers.mysql.failures import STATEMENT_PROBLEMS, build_failure
from spica.db.errors import LockTaken
from spica.db.pool import Pool

LOCK = "select get_lock(?, ?)"
RELEASE = "do release_lock(?)"
TURN_S = 5.0


@asynccontextmanager
async def held_lock(
    pool: Pool[MysqlConnection], name: str, wait_s: float | None, *, turn_s: float, database: str, place: str
) -> AsyncIterator[None]:
    """Hold the lock of a name. Raises LockTaken when another one has it all the time."""
    lock = "spica:" + hashlib.sha256(f"{database}\0{name}".encode()).hexdigest()[:50]
    connection = pool.take() or await pool.acquire()
    is_held = False
    try:
        try:
            await _take(connection, lock, name, wait_s, turn_s)
            is_held = True
        except STATEMENT_PROBLEMS as problem:
            raise build_failure(problem, LOCK, place) from problem
        try:
            yield
        finally:
            # Cancelled, the task still may wait for this; cancelled again, the connection goes and the lock with it.
            with contextlib.suppress(*STATEMENT_PROBLEMS):  # it is lost, and so is the lock
                await connection.run(RELEASE, (lock,))
                is_held = False
    finally:
        if is_held:
            connection.terminate()
        give_back(pool, connection)


async def _take(connection: MysqlConnection, lock: str, name: str, wait_s: float | None, turn_s: float) -> None:
    deadline = math.inf if wait_s is None else time.monotonic() + wait_s
    while True:
        left = max(0.0, min(turn_s, deadline - time.monotonic()))
        if (await connection.fetch_rows(LOCK, (lock, left)))[0][0] == 1:
            return
        if time.monotonic() >= deadline:
            raise LockTaken(name, wait_s)
