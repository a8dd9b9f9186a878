"""The pools of one database: one an event loop, made when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from spica.db.errors import DatabaseClosed
from spica.db.options import ServerOptions
from spica.db.pool import Pool, PooledConnection

C = TypeVar("C", bound=PooledConnection)


class Pools(Generic[C]):
    """Pools of connections that one function opens.

    Args:    open_connection: opens one; options: how many, and how long to wait for one; place: for messages.
    """

    __slots__ = ("_closed", "_open_connection", "_options", "_place", "_pools")

    def __init__(self, open_connection: Callable[[], Awaitable[C]], options: ServerOptions, place: str) -> None:
        self._open_connection = open_connection
        self._options = options
        self._place = place
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool[C]] = WeakKeyDictionary()
        self._closed = False

    def get(self) -> Pool[C]:
        """The pool of the running event loop. Raises DatabaseClosed after `close`."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            if self._closed:
                raise DatabaseClosed(f"the database {self._place} was closed", fix="open it again: db.configure(...)")
            pool = self._pools[loop] = Pool(
                self._open_connection,
                limit=self._options.pool_size,
                timeout_s=self._options.acquire_timeout_ms / 1_000,
                place=self._place,
            )
        return pool

    async def close(self) -> None:
        """Close every connection; those of other loops without a word to the server."""
        self._closed = True
        running = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if loop is running:
                await pool.close()
            else:
                pool.terminate()
        self._pools.clear()
