"""Redis: one client an address and event loop, for the middleware that keeps something there.

Rules: the library is an extra (`spica[redis]`), loaded when the first command is sent. A server that doesn't answer in
five seconds fails the command, so that requests don't hang on it; further commands wait for one of 16 connections.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from spica.middleware.errors import InvalidMiddleware, MissingLibrary

TIMEOUT_S = 5.0
MAX_CONNECTIONS = 16
SCHEMES = ("redis://", "rediss://", "unix://")

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Any]] = WeakKeyDictionary()


class RedisAddress:
    """Where a Redis is. Makes no connection.

    Args:    url: redis://host:port/0, rediss:// for TLS, unix:///path/of/socket.
    Raises:  InvalidMiddleware for another scheme; MissingLibrary without the redis package.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(SCHEMES):
            raise InvalidMiddleware(f"{url!r} is not the address of a Redis", fix='"redis://127.0.0.1:6379/0"')
        check_library()
        self.url = url

    def client(self) -> Any:
        """The `redis.asyncio.Redis` of the running event loop."""
        loop = asyncio.get_running_loop()
        clients = _clients.setdefault(loop, {})
        client = clients.get(self.url)
        if client is None:
            import redis.asyncio  # an extra, and heavy

            pool = redis.asyncio.BlockingConnectionPool.from_url(
                self.url,
                max_connections=MAX_CONNECTIONS,
                timeout=TIMEOUT_S,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
            )
            client = clients[self.url] = redis.asyncio.Redis(connection_pool=pool)
        return client

    def __repr__(self) -> str:
        return "RedisAddress(...)"  # the url may hold a password


def check_library() -> None:
    """Refuse to start without the redis package. Raises MissingLibrary."""
    import importlib.util

    if importlib.util.find_spec("redis") is None:
        raise MissingLibrary(
            "sessions or limits are to be kept in a Redis, and the package redis is not installed",
            fix='pip install "spica[redis]"',
        )
