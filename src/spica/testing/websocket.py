"""The test client's WebSocket: frames of a client as bytes, through the same connection as requests.

Rules of this file:
- A client's frames are masked and its messages are not cut into pieces; no extension is offered.
- Pings are answered here. A handshake that is not accepted raises `SocketRefused`, which has the response.
- What is for a channel goes to that channel (`channels.py`) when it is read, and never to `receive`.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from spica.app.application import App
from spica.http.websocket import Message, SocketClosed
from spica.testing.channels import KEYWORDS, REPLY_TIMEOUT_S, ClientChannel, ClientChannels, Line, choose_payload
from spica.testing.connections import Connect
from spica.testing.response import ClientResponse

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ANSWER_TIMEOUT_S = 30.0
_MESSAGES = (TEXT, BINARY)
_LONG, _LONGER = 126, 127


class SocketRefused(Exception):
    """The application answered a handshake otherwise; `response` is its answer."""

    def __init__(self, response: ClientResponse) -> None:
        super().__init__(f"{response.status}: {response.text}")
        self.response = response


class ClientSocket:
    """A WebSocket of a test: `async with client.socket("/chat") as socket`.

    Args:    connect: opens a connection that gives what it receives to a callable; target: of the request; fields:
             makes those of it, beside those of the handshake; subprotocols: offered; app: that answers, for what it
             notes of refusals.
    """

    def __init__(
        self,
        connect: Connect,
        target: str,
        fields: Callable[[], Awaitable[Mapping[str, str]]],
        subprotocols: Sequence[str] = (),
        app: App | None = None,
    ) -> None:
        self._connect = connect
        self._target = target
        self._fields = fields
        self._subprotocols = subprotocols
        self._received = bytearray()
        self._messages: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._end: tuple[int, str] | None = None
        self._said_goodbye = False
        self._ended = False
        line = Line(self.send, self._look, lambda: bool(self._end or self._ended))
        self._channels = ClientChannels(line, target, app)
        self.response: ClientResponse
        """The answer to the handshake, a 101."""

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the application chose."""
        return self.response.headers.get("sec-websocket-protocol")

    async def __aenter__(self) -> Self:
        """Connect. Raises SocketRefused when the application does not accept."""
        request = self._request(await self._fields())
        self._connection = self._connect(self._sink)
        self._feed(request)
        head = await self._wait_for(self._take_head)
        if not head.startswith(b"HTTP/1.1 101 "):
            await self._wait_for(lambda: self._ended or None)
            raise SocketRefused(ClientResponse(head + bytes(self._received), "GET", self._target))
        self.response = ClientResponse(head, "GET", self._target)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye, and wait until the connection has ended; at once when the block failed."""
        try:
            if kind is None:
                await self.close()
                await self._wait_for(lambda: self._ended or None)
        finally:
            self._channels.stop()
            self._connection.close()

    async def join(
        self, topic: str, /, *, payload: object = KEYWORDS, timeout_s: float = REPLY_TIMEOUT_S, **values: object
    ) -> ClientChannel:
        """Join a topic, as a page does with the `phoenix` client; what it is answered is the channel's `reply`.

        Args:    topic: such as "room:7"; values: what the channel's `join` gets, by name; payload: instead of them.
        Raises:  JoinRefused: the application does not let this client in; TimeoutError: no answer came in time.
        """
        return await self._channels.join(topic, choose_payload(payload, values), timeout_s)

    async def send(self, message: Message) -> None:
        """Send text or octets. Raises SocketClosed when it has ended."""
        if self._end is not None or self._ended:
            raise SocketClosed(*(self._end or (1006, "")))
        if isinstance(message, str):
            self._feed(_frame(TEXT, message.encode()))
        else:
            self._feed(_frame(BINARY, bytes(message)))

    async def send_json(self, value: object) -> None:
        """Send a value as JSON text."""
        await self.send(msgspec.json.encode(value).decode())

    async def receive(self) -> Message:
        """The next message. Raises SocketClosed when none will come, TimeoutError when none comes in 30 seconds."""
        message: Message | tuple[int, str] = await self._wait_for(self._take_message)
        if isinstance(message, tuple):
            raise SocketClosed(*message)
        return message

    async def receive_json(self) -> Any:
        """The next message, decoded from JSON."""
        message = await self.receive()
        return msgspec.json.decode(message)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        try:
            return await self.receive()
        except SocketClosed:
            raise StopAsyncIteration from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye; does nothing when that was done."""
        if not self._said_goodbye and not self._ended:
            self._said_goodbye = True
            self._feed(_frame(CLOSE, struct.pack("!H", code) + reason.encode()))

    def lose(self) -> None:
        """End the connection without a goodbye, as a client does that loses its network."""
        self._connection.close()
        self._end, self._ended = self._end or (1006, ""), True
        self._arrived.set()

    # The rest is private.

    def _request(self, given: Mapping[str, str]) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "upgrade": "websocket",
            # An answer that is no 101 ends the connection, so that its end is seen.
            "connection": "upgrade, close",
            "sec-websocket-version": "13",
            "sec-websocket-key": key,
            **given,
        }
        if self._subprotocols:
            fields["sec-websocket-protocol"] = ", ".join(self._subprotocols)
        lines = [f"GET {self._target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def _feed(self, octets: bytes) -> None:
        self._connection.feed(octets)

    def _sink(self, data: bytes | None) -> None:
        if data is None:
            self._ended = True
        else:
            self._received += data
        self._arrived.set()

    async def _look(self, take: Callable[[], Any], timeout_s: float) -> Any:
        """Read what arrives until a channel finds what it waits for."""

        def look() -> Any:
            self._read_frames()
            return take()

        return await self._wait_for(look, timeout_s)

    async def _wait_for(self, take: Callable[[], Any], timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
        async with asyncio.timeout(timeout_s):
            while (taken := take()) is None:
                self._arrived.clear()
                await self._arrived.wait()
        return taken

    def _take_head(self) -> bytes | None:
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            if self._ended:
                raise ConnectionError("the connection ended without an answer")
            return None
        head = bytes(self._received[:end])
        del self._received[:end]
        return head

    def _take_message(self) -> Message | tuple[int, str] | None:
        self._read_frames()
        if self._messages:
            return self._messages.popleft()
        return self._end or ((1006, "") if self._ended else None)

    def _read_frames(self) -> None:
        while self._end is None and (frame := _take_frame(self._received)) is not None:
            opcode, payload = frame
            if opcode in _MESSAGES:
                message = payload.decode() if opcode == TEXT else payload
                if not self._channels.take(message):
                    self._messages.append(message)
            elif opcode == PING:
                self._feed(_frame(PONG, payload))
            elif opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                self._end = code, payload[2:].decode()
                if not self._said_goodbye:
                    self._said_goodbye = True
                    self._feed(_frame(CLOSE, payload))


def _frame(opcode: int, payload: bytes) -> bytes:
    """A frame of a client (RFC 6455 section 5.2). The mask is fixed: only proxies are confused by a foreseeable one."""
    length = len(payload)
    head = bytes((0x80 | opcode,))
    if length < _LONG:
        head += bytes((0x80 | length,))
    elif length < 1 << 16:
        head += bytes((0x80 | _LONG,)) + struct.pack("!H", length)
    else:
        head += bytes((0x80 | _LONGER,)) + struct.pack("!Q", length)
    mask = b"\x37\xfa\x21\x3d"
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big")


def _take_frame(received: bytearray) -> tuple[int, bytes] | None:
    """Cut a server's frame, which is whole and unmasked, from the front; None when it has not all arrived."""
    if len(received) < 2:
        return None
    length, at = received[1], 2
    if length >= _LONG:
        size = 2 if length == _LONG else 8
        length, at = int.from_bytes(received[2 : 2 + size], "big"), 2 + size
    if len(received) < at + length:
        return None
    frame = received[0] & 0x0F, bytes(received[at : at + length])
    del received[: at + length]
    return frame
