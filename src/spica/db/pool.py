"""The pool: connections to a server, of one event loop, at most so many.

States of a connection: opening, idle, in use, recovering, gone. Opening, in use and recovering ones count towards the
limit as idle ones do.

| event                           | then                                                                |
|---------------------------------|---------------------------------------------------------------------|
| taken                           | an idle one, the last used first; else a new one; else a turn in the queue |
| released, clean                 | given to who waits longest, or idle; nothing is sent to the server  |
| released, closed by the server  | gone, and who waits longest opens another                           |
| released in a transaction, or its task was cancelled | recovering: rolled back by a task of the pool; idle or gone |
| can't be opened, and none is open | everybody who waits hears of it at once                           |
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from spica.db.errors import DatabaseClosed, DatabaseUnavailable, PoolTimeout

_log = logging.getLogger("spica.db")

RECOVERY_TIMEOUT_S = 2.0


class PooledConnection(Protocol):
    """A connection as the pool needs it."""

    @property
    def is_usable(self) -> bool:
        """Whether it is open, as far as is known without asking the server."""

    @property
    def is_clean(self) -> bool:
        """Whether it is in no transaction."""

    async def recover(self) -> None:
        """Wait for a cancelled statement to end, and roll back."""

    async def close(self) -> None:
        """Say goodbye to the server."""

    def terminate(self) -> None:
        """Close without waiting."""


C = TypeVar("C", bound=PooledConnection)


class Pool(Generic[C]):
    """The connections of one event loop.

    Args:    connect: opens one; raises DatabaseUnavailable or another DatabaseError; limit: how many there may be;
             timeout_s: how long somebody waits for one; place: for messages.
    """

    def __init__(self, connect: Callable[[], Awaitable[C]], *, limit: int, timeout_s: float, place: str) -> None:
        self._connect = connect
        self._limit = limit
        self._timeout_s = timeout_s
        self._place = place
        self._idle: list[C] = []
        self._in_use: set[C] = set()
        self._size = 0  # with those that are being opened
        self._waiters: deque[asyncio.Future[C | None]] = deque()
        self._recoveries: set[asyncio.Task[None]] = set()
        self._is_down = False
        self._closed = False

    @property
    def size(self) -> int:
        """How many connections there are, whatever their state."""
        return self._size

    @property
    def idle(self) -> int:
        """How many connections wait to be used."""
        return len(self._idle)

    def take(self) -> C | None:
        """Take an idle connection without waiting; None when there is none."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                self._in_use.add(connection)
                return connection
            self._size -= 1
        return None

    async def acquire(self) -> C:
        """Take a connection: an idle one, a new one, or the next that is released.

        Raises: PoolTimeout when none was free in time, DatabaseUnavailable when none can be opened.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    self._check_open()
                    connection = self.take()
                    if connection is None:
                        connection = await (self._open() if self._size < self._limit else self._turn())
                    if connection is not None:
                        return connection
        except TimeoutError:
            raise PoolTimeout(
                f"no connection to {self._place} was free within {self._timeout_s:g} s",
                why=f"all {self._limit} are in use, by long statements or transactions",
                fix="make them shorter, or raise pool_size in the database's URL",
            ) from None

    def release(self, connection: C) -> None:
        """Give a connection back. One in a transaction is rolled back first, one that is closed is forgotten."""
        if connection.is_usable and not connection.is_clean:
            self.recover(connection)
        elif not connection.is_usable or self._closed:
            self.discard(connection)
        elif not self._give(connection):
            self._in_use.discard(connection)
            self._idle.append(connection)

    def recover(self, connection: C) -> None:
        """Give back a connection whose statement was cancelled or whose transaction is open."""
        task = asyncio.get_running_loop().create_task(self._recover(connection))
        self._recoveries.add(task)
        task.add_done_callback(self._recoveries.discard)

    def discard(self, connection: C) -> None:
        """Close a connection without waiting; another may be opened in its place."""
        self._in_use.discard(connection)
        self._size -= 1
        connection.terminate()
        self._give(None)

    async def close(self) -> None:
        """Close what is idle, and what is in use without waiting for it."""
        self._closed = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        while self._idle:
            connection = self._idle.pop()
            self._size -= 1
            await connection.close()
        if self._recoveries:
            await asyncio.wait(self._recoveries)
        self.terminate()

    def terminate(self) -> None:
        """Close everything without waiting: the loop may be over."""
        self._closed = True
        for connection in [*self._idle, *self._in_use]:
            connection.terminate()
        self._idle.clear()

    async def _open(self) -> C:
        self._size += 1
        try:
            connection = await self._connect()
        except BaseException as problem:
            self._size -= 1
            if isinstance(problem, DatabaseUnavailable):
                self._tell_down(problem)
            self._give(None)
            raise
        if self._is_down:
            self._is_down = False
            _log.info("the database %s answers again", self._place)
        self._in_use.add(connection)
        return connection

    async def _turn(self) -> C | None:
        """Wait for a connection; None says that one may be opened."""
        waiter: asyncio.Future[C | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except BaseException:
            # Cancelled in the same turn of the loop in which something was given: it goes to the next.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                given = waiter.result()
                if given is None:
                    self._give(None)
                else:
                    self.release(given)
            raise

    def _give(self, connection: C | None) -> bool:
        """Give a connection, or None for leave to open one, to who waits longest; False when nobody waits."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _tell_down(self, problem: DatabaseUnavailable) -> None:
        if not self._is_down:
            self._is_down = True
            _log.error("the database %s is down: %s", self._place, problem.why)
        if self._idle or self._in_use:
            return  # some connections live: those who wait may still have one of them
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(DatabaseUnavailable(problem.what, why=problem.why, fix=problem.fix))

    async def _recover(self, connection: C) -> None:
        try:
            async with asyncio.timeout(RECOVERY_TIMEOUT_S):
                await connection.recover()
        except Exception as problem:
            _log.warning("a connection to %s was closed: %s", self._place, problem)
            self.discard(connection)
        except BaseException:
            self.discard(connection)
            raise
        else:
            if connection.is_clean:
                self.release(connection)
            else:
                self.discard(connection)

    def _check_open(self) -> None:
        if self._closed:
            raise DatabaseClosed(f"the database {self._place} was closed", fix="open it again: db.configure(...)")
