"""A client without a server: a `NativeSocket` that a test feeds, and what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from spica.channels import Socket
from spica.channels.compiled import CompiledSocket, compile_socket
from spica.channels.connection import Connection
from spica.channels.fanout import Fanout
from spica.channels.serializer import V2, Serializer
from spica.http import broadcast as broadcasting
from spica.http.response import Response
from spica.http.websocket import WebSocket
from spica.injection.registry import Registry
from spica.injection.scope import Scope
from spica.pubsub import PubSub
from tests.requests import make_context


class Hub:
    """Sends what is broadcast to the fakes that are subscribed; stands for a server."""

    def __init__(self) -> None:
        self.topics: dict[str, list[FakeNative]] = {}
        self.frames: list[Any] = []

    def broadcast(self, topic: str, payload: Any, *, except_: Any = None) -> int:
        """Send to all but one."""
        self.frames.append(payload)
        natives = [one for one in self.topics.get(topic, ()) if one is not except_]
        for native in natives:
            native.sent.append(payload)
        return len(natives)


class FakeNative:
    """One client. `feed` is what it sends, `sent` what it got; a `room_for` of 0 makes who sends wait."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.protocols: list[str] = []
        self.is_accepted = True
        self.end: tuple[int, str] | None = None
        self.sent: list[Any] = []
        self.has_room = True
        self._inbox: deque[Any] = deque()
        self._changed: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def feed(self, *frames: Any) -> None:
        """Have frames arrive: text, octets, or a list that becomes JSON."""
        self._inbox.extend(json.dumps(frame) if isinstance(frame, list) else frame for frame in frames)
        self._wake()

    def hang_up(self, code: int = 1000, reason: str = "") -> None:
        """End it from the client's side."""
        self.end = self.end or (code, reason)
        self._wake()

    def give_room(self) -> None:
        """Take what was sent."""
        self.has_room = True
        self._wake()

    def take(self) -> Any:
        return self._inbox.popleft() if self._inbox else self.end

    def arrived(self) -> asyncio.Future[None]:
        return self._future(lambda: bool(self._inbox) or self.end is not None)

    def send(self, message: Any) -> bool | None:
        if self.end is not None:
            return None
        self.sent.append(message)
        return self.has_room

    def room(self) -> asyncio.Future[None]:
        return self._future(lambda: self.has_room or self.end is not None)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.hang_up(code, reason)

    def subscribe(self, topic: str) -> None:
        self.hub.topics.setdefault(topic, []).append(self)

    def unsubscribe(self, topic: str) -> None:
        self.hub.topics[topic].remove(self)

    def _future(self, is_done: Callable[[], bool]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed.append((is_done, future))
        self._wake()
        return future

    def _wake(self) -> None:
        for is_done, future in self._changed:
            if not future.done() and is_done():
                future.set_result(None)
        self._changed = [one for one in self._changed if not one[1].done()]


class Peer:
    """A client that is connected: `native` as it sees it, `connection` as the application does."""

    def __init__(
        self,
        kind: type[Socket],
        *,
        fanout: Fanout | None = None,
        hub: Hub | None = None,
        serializer: Serializer | None = V2,
        registry: Registry | None = None,
        scope: Scope | None = None,
        set_up: Any = None,
    ) -> None:
        self.fanout = fanout or Fanout(PubSub())
        self.native = FakeNative(hub or Hub())
        compiled = _compile(kind, registry)
        assert not compiled.mistakes, compiled.mistakes
        websocket = WebSocket(self.native, make_context(), Response())  # type: ignore[arg-type]
        websocket._accepted = True
        socket = kind()
        if set_up is not None:
            set_up(socket)
        self.connection = Connection(socket, compiled, websocket, self.fanout, serializer)
        self.task = asyncio.ensure_future(self.connection.serve(scope))

    async def ask(self, *message: object) -> list[Any]:
        """Send a message, let everything happen that can, and take what was sent since."""
        self.native.feed(list(message))
        return await self.sent()

    async def sent(self) -> list[Any]:
        """Let everything happen that can, and take what was sent since, decoded."""
        await settle()
        sent, self.native.sent = self.native.sent, []
        return [json.loads(one) if isinstance(one, str) else one for one in sent]

    async def hang_up(self, code: int = 1000, reason: str = "") -> None:
        """End it and wait for what comes of that."""
        self.native.hang_up(code, reason)
        await asyncio.wait_for(self.task, 30)


@cache
def _compile(kind: type[Socket], registry: Registry | None) -> CompiledSocket:
    return compile_socket(kind, registry)


async def settle() -> None:
    """Let everything happen that doesn't wait for anything."""
    for _ in range(20):
        await asyncio.sleep(0)


def reachable(hub: Hub) -> Any:
    """Have what is broadcast reach the hub."""
    return broadcasting.reachable(hub)


def reply(join_ref: object, ref: object, topic: str, response: object = None, status: str = "ok") -> list[Any]:
    """The frame of a reply."""
    body = {"status": status, "response": {} if response is None else response}
    return [join_ref, ref, topic, "phx_reply", body]
