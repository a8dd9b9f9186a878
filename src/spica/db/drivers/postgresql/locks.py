"""PostgreSQL's advisory locks.

Rules of this file:
- A lock belongs to a transaction of its own, which does nothing else, on a connection of the pool: a pooler between
  keeps it together, and whatever ends the connection frees the lock. It says which name it waits for in 64 bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg.exceptions import LockNotAvailableError

from spica.db.drivers.postgresql.connection import PostgresqlConnection
from spica.db.drivers.postgresql.failures import STATEMENT_PROBLEMS, build_failure
from spica.db.errors import LockTaken
from spica.db.pool import Pool

LOCK = "select pg_advisory_xact_lock($1)"
FOR_EVER_S = 10**6


@asynccontextmanager
async def held_lock(
    pool: Pool[PostgresqlConnection], name: str, wait_s: float | None, place: str
) -> AsyncIterator[None]:
    """Hold the lock of a name. Raises LockTaken when another one has it all the time."""
    connection = pool.take() or await pool.acquire()
    try:
        try:
            await connection.raw.execute("BEGIN")
            if wait_s is not None:
                await connection.raw.execute(f"SET LOCAL lock_timeout = {max(1, round(wait_s * 1_000))}")
            await connection.raw.fetchval(LOCK, _number_of(name), timeout=FOR_EVER_S)
        except LockNotAvailableError:
            raise LockTaken(name, wait_s) from None
        except STATEMENT_PROBLEMS as problem:
            raise build_failure(problem, LOCK, place) from problem
        yield
    finally:
        pool.recover(connection)  # rolled back by the pool: this may be a task that is being cancelled


def _number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
