"""ASGI's websocket scope as a `NativeSocket`, so that the same handlers run behind other servers.

Rules of this file:
- A reader and a writer run beside the handler: who lags stops the other end, and a lost connection is seen by handlers
  that do not receive.
- What is broadcast waits in the socket's queue; a queue beyond the limit closes it with 1013, as our own server does.
- The other server has the frames, pings, compression and the size of messages; here is only what ASGI leaves open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, TypeAlias

from spica.http.broadcast import reachable
from spica.http.websocket import Fields, Message

Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]

ABNORMAL, TOO_SLOW = 1006, 1013
_INBOX_MESSAGES = 256
_OUTBOX_BYTES = 64 * 1024
_QUEUE_BYTES = 1024 * 1024


class Topics:
    """Who is subscribed to what, among the sockets of one event loop; a `Hub` of `spica.http.broadcast`."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[AsgiSocket]] = {}
        self._users = 0
        self._known = contextlib.ExitStack()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Be reachable for `broadcast` while any socket lives."""
        if not self._users:
            self._known.enter_context(reachable(self))
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._known.close()

    def subscribe(self, topic: str, socket: AsgiSocket) -> None:
        """Add a subscriber, once."""
        self._subscribers.setdefault(topic, set()).add(socket)

    def unsubscribe(self, topic: str, socket: AsgiSocket) -> None:
        """Remove it, if it is one; a topic without subscribers is forgotten."""
        found = self._subscribers.get(topic)
        if found is not None:
            found.discard(socket)
            if not found:
                del self._subscribers[topic]

    def broadcast(self, topic: str, payload: Any, *, except_: Any = None) -> int:
        """Queue a message for every subscriber."""
        message = _checked(payload)
        sockets = [socket for socket in self._subscribers.get(topic, ()) if socket is not except_]
        for socket in sockets:
            socket.queue(message)
        return len(sockets)


class AsgiSocket:
    """One WebSocket that another server holds.

    Args:    scope, receive, send: of ASGI; topics: of the application on this loop.
    """

    def __init__(self, scope: Event, receive: Receive, send: Send, topics: Topics) -> None:
        self.protocols: list[str] = list(scope.get("subprotocols", ()))
        self.is_accepted = False
        self.end: tuple[int, str] | None = None
        self.took = self.told = False
        self._receive, self._send, self._topics = receive, send, topics
        self._subscriptions: set[str] = set()
        self._inbox: deque[Message] = deque()
        self._outbox: deque[Message] = deque()
        self._queued = 0
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._close: Event | None = None

    # What `WebSocket` asks for

    async def accept(self, protocol: str | None = None, fields: Fields = []) -> None:  # noqa: B006 - never changed
        """Answer the handshake."""
        if protocol is not None and protocol not in self.protocols:
            raise ValueError(f"the client does not offer the subprotocol {protocol!r}")
        self.is_accepted = True
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await self._send({"type": "websocket.accept", "subprotocol": protocol, "headers": headers})
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]

    def take(self) -> Message | tuple[int, str] | None:
        """The next message; why it has ended; None when there is nothing yet."""
        if self._inbox:
            self.took = True
            self._change()
            return self._inbox.popleft()
        self.told |= self.end is not None
        return self.end

    def arrived(self) -> asyncio.Future[None]:
        """Done when there is something to take."""
        return self._until(lambda: bool(self._inbox) or self.end is not None)

    def send(self, message: Any) -> bool | None:
        """Queue a message."""
        checked = _checked(message)
        if self.end is not None:
            self.told = True
            return None
        self._push(checked)
        return self._queued < _OUTBOX_BYTES

    def room(self) -> asyncio.Future[None]:
        """Done when the other server has taken most of what was sent."""
        return self._until(lambda: self._queued < _OUTBOX_BYTES or self.end is not None)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is queued, then say goodbye."""
        self.told = True
        self._finish(code, reason)
        if self._tasks:
            await asyncio.wait(self._tasks[1:])

    def subscribe(self, topic: str) -> None:
        """Get what is broadcast to a topic."""
        if self.end is None:
            self._subscriptions.add(topic)
            self._topics.subscribe(topic, self)

    def unsubscribe(self, topic: str) -> None:
        """Get it no more."""
        self._subscriptions.discard(topic)
        self._topics.unsubscribe(topic, self)

    # What the application does with it

    def queue(self, message: Message) -> None:
        """Queue what is broadcast, or give the socket up."""
        if self._queued + len(message) > _QUEUE_BYTES and self._outbox:
            self._drop()
            self._finish(TOO_SLOW, "the client reads too slowly")
        elif self.end is None:
            self._push(message)

    async def ended(self) -> None:
        """Wait until there is an end that did not come from the handler."""
        await self._until(lambda: self.end is not None)

    async def leave(self) -> None:
        """End what runs beside the handler."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._forget()

    # The rest is private.

    async def _read(self) -> None:
        while True:
            await self._until(lambda: len(self._inbox) < _INBOX_MESSAGES)
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                self._close = None
                self._drop()
                self._finish(event.get("code", 1005), event.get("reason") or "", says_it=False)
                return
            if self.end is None and event["type"] == "websocket.receive":
                text = event.get("text")
                self._inbox.append(event["bytes"] if text is None else text)
                self._change()

    async def _write(self) -> None:
        while True:
            await self._until(lambda: bool(self._outbox) or self.end is not None)
            if self._outbox:
                message = self._outbox.popleft()
                try:
                    await self._send({"type": "websocket.send", _field(message): message})
                except OSError:  # what ASGI 3 raises when the client is gone
                    self._finish(ABNORMAL, "", says_it=False)
                self._queued -= len(message)
                self._change()
            else:
                if self._close is not None:
                    await self._send(self._close)
                return

    def _drop(self) -> None:
        self._queued -= sum(len(message) for message in self._outbox)
        self._outbox.clear()

    def _push(self, message: Message) -> None:
        self._outbox.append(message)
        self._queued += len(message)
        self._change()

    def _finish(self, code: int, reason: str, *, says_it: bool = True) -> None:
        if self.end is None:
            self.end = code, reason
            if says_it:
                self._close = {"type": "websocket.close", "code": code, "reason": reason}
            self._forget()
            self._change()

    def _forget(self) -> None:
        for topic in self._subscriptions:
            self._topics.unsubscribe(topic, self)
        self._subscriptions.clear()

    def _change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _until(self, done: Callable[[], bool]) -> asyncio.Future[None]:
        async def wait() -> None:
            while not done():
                await self._changed.wait()

        return asyncio.ensure_future(wait())


def _field(message: Message) -> str:
    return "text" if isinstance(message, str) else "bytes"


def _checked(message: Any) -> Message:
    if isinstance(message, str | bytes):
        return message
    if isinstance(message, bytearray | memoryview):
        return bytes(message)
    raise TypeError(f"a WebSocket sends str or bytes, not {type(message).__name__}")
