"""spica.http.websocket over a socket of the test's own: what answers the handshake, and how an end is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spica import BadRequest, SocketClosed, WebSocket
from spica.http.response import Response
from spica.http.websocket import RefusedSocket
from tests.requests import make_context


class Native:
    """A `NativeSocket` with messages that have arrived, then an end."""

    protocols = ("chat",)

    def __init__(self, *messages: str | bytes, end: tuple[int, str] = (1000, "")) -> None:
        self._messages: list[Any] = [*messages, end]
        self.is_accepted = False
        self.end: tuple[int, str] | None = None
        self.accepted_with: Any = None
        self.sent: list[Any] = []
        self.closed_with: tuple[int, str] | None = None
        self.topics: set[str] = set()

    def accept(self, protocol: str | None = None, fields: Any = ()) -> None:
        self.is_accepted, self.accepted_with = True, (protocol, list(fields))

    def take(self) -> Any:
        return self._messages.pop(0) if len(self._messages) > 1 else self._messages[0]

    def arrived(self) -> asyncio.Future[None]:
        raise AssertionError("there is always something to take")

    def send(self, message: Any) -> bool:
        self.sent.append(message)
        return True

    def room(self) -> asyncio.Future[None]:
        raise AssertionError("there is always room")

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed_with = code, reason

    def subscribe(self, topic: str) -> None:
        self.topics.add(topic)

    def unsubscribe(self, topic: str) -> None:
        self.topics.discard(topic)


def make_socket(native: Native) -> WebSocket:
    return WebSocket(native, make_context(), Response(status=101, fields=[("x-by", "middleware")]))  # type: ignore[arg-type]


async def test_the_first_use_answers_the_handshake_with_the_fields_of_middleware() -> None:
    native = Native("hi")
    assert await make_socket(native).receive() == "hi"
    assert native.accepted_with == (None, [("x-by", "middleware")])


async def test_accepting_adds_fields_and_chooses_a_protocol_once() -> None:
    native = Native()
    socket = make_socket(native)
    await socket.accept(subprotocol="chat", headers={"X-Own": "1"})
    assert native.accepted_with == ("chat", [("x-by", "middleware"), ("x-own", "1")])
    with pytest.raises(ValueError, match="accepted already"):
        await socket.accept()


async def test_the_end_ends_the_loop_and_raises_when_asked_for_more() -> None:
    socket = make_socket(Native("one", b"two", end=(4000, "enough")))
    assert [message async for message in socket] == ["one", b"two"]
    assert [message async for message in socket] == []
    with pytest.raises(SocketClosed, match="4000: enough") as caught:
        await socket.receive()
    assert (caught.value.code, caught.value.reason) == (4000, "enough")


async def test_json_goes_both_ways() -> None:
    native = Native('{"a": 1}', "no json")
    socket = make_socket(native)
    assert await socket.receive_json() == {"a": 1}
    await socket.send_json({"b": 2})
    assert native.sent == ['{"b":2}']
    with pytest.raises(BadRequest):
        await socket.receive_json()


async def test_closing_before_accepting_refuses_the_handshake() -> None:
    native = Native()
    with pytest.raises(RefusedSocket):
        await make_socket(native).close()
    assert not native.is_accepted


async def test_topics_are_the_native_sockets() -> None:
    native = Native()
    socket = make_socket(native)
    await socket.subscribe("room")
    assert (native.topics, native.is_accepted) == ({"room"}, True)
    await socket.unsubscribe("room")
    assert native.topics == set()
