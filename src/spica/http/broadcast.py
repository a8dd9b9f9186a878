"""Broadcasting: a message to every WebSocket that is subscribed to a topic, from anywhere in the process.

Rules of this file:
- A `Hub` sends to the sockets that it holds; a server is one. Hubs are known while they serve.
- A hub is asked on its own event loop; a call from another thread is handed over and waited for.
- One process knows only its own sockets: what runs in several workers is published to all of them by something else.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from spica.http.websocket import Message, WebSocket


class Hub(Protocol):
    """Sends to the subscribers it holds; returns to how many. `except_` is a native socket to leave out; it may be
    another hub's."""

    def broadcast(self, topic: str, payload: Any, *, except_: Any = None) -> int: ...


class _Home(NamedTuple):
    hub: Hub
    loop: asyncio.AbstractEventLoop
    thread: int


_homes: list[_Home] = []


@contextlib.contextmanager
def reachable(hub: Hub) -> Iterator[None]:
    """Make a hub known to `broadcast` while the block lasts; called on its loop."""
    home = _Home(hub, asyncio.get_running_loop(), threading.get_ident())
    _homes.append(home)
    try:
        yield
    finally:
        _homes.remove(home)


def broadcast(topic: str, payload: Message, *, except_: WebSocket | None = None) -> int:
    """Send a message to every WebSocket of this process that is subscribed to a topic. Never waits for a client.

    Args:    topic: any text; payload: str is sent as text, bytes as octets, encoded once for all; except_: a socket to
             leave out, such as the one it came from.
    Returns: to how many it was sent, or queued; 0 when there is no server.
    Raises:  TypeError for another payload.
    """
    if not isinstance(payload, (str, bytes)):  # also where nobody listens, so that it is not found when somebody does
        raise TypeError(f"broadcast sends str or bytes, not {type(payload).__name__}")
    native = except_.native if except_ is not None else None
    return sum(_ask(home, topic, payload, native) for home in list(_homes))


def _ask(home: _Home, topic: str, payload: Message, except_: Any) -> int:
    if home.thread == threading.get_ident():
        return home.hub.broadcast(topic, payload, except_=except_)
    if home.loop.is_closed():
        return 0

    async def ask() -> int:
        return _ask(home, topic, payload, except_)

    return asyncio.run_coroutine_threadsafe(ask(), home.loop).result()
