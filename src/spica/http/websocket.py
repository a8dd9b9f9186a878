"""WebSocket: a handler's side of one, whichever server holds it.

Rules of this file:
- The handshake is answered by the first thing that a handler does with its socket, or by `accept`; an exception before
  that is an ordinary response.
- `receive` gives what has arrived before the end, then raises; iterating ends instead. Sending raises after the end.
- Who is faster waits: a handler that does not receive stops its client, a client that does not read stops its handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from spica.errors.http import HttpError
from spica.http import json
from spica.http.fields import Headers, check_field
from spica.http.request import Request
from spica.http.url import Query

if TYPE_CHECKING:
    from spica.http.context import Context
    from spica.http.response import Response

Message = str | bytes
Fields = list[tuple[str, str]]


class SocketClosed(Exception):
    """A WebSocket has ended, and was used all the same.

    Args:    code: that of the Close frame, the client's or ours: 1000 for an ordinary end, 1001 when the page or the
             server goes away, 1005 when the client gave none, 1006 when the connection was lost without a goodbye;
             reason: what came with it, "" mostly.
    Source:  RFC 6455 section 7.4.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code}: {reason}" if reason else str(code))
        self.code = code
        self.reason = reason


class RefusedSocket(HttpError):
    """403: a handler closed its WebSocket without accepting it."""

    status = 403
    phrase = "Forbidden"


class NativeSocket(Protocol):
    """What holds a WebSocket; `_core.WebSocket` is one. What returns an awaitable is done when that is."""

    @property
    def protocols(self) -> list[str]: ...
    @property
    def is_accepted(self) -> bool: ...
    @property
    def end(self) -> tuple[int, str] | None: ...
    def accept(self, protocol: str | None = None, fields: Fields = ...) -> Awaitable[None] | None: ...
    def take(self) -> Message | tuple[int, str] | None: ...
    def arrived(self) -> asyncio.Future[None]: ...
    def send(self, message: Any) -> bool | None: ...
    def room(self) -> asyncio.Future[None]: ...
    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None] | None: ...
    def subscribe(self, topic: str) -> None: ...
    def unsubscribe(self, topic: str) -> None: ...


class WebSocket:
    """One WebSocket, as a handler gets it.

    Args:    native: what holds it; ctx: of the request that asked for it; handshake: the answer that middleware has
             made, whose fields go out with the 101.
    Example:
        >>> async def echo(socket: WebSocket) -> None:
        ...     async for message in socket:
        ...         await socket.send(message)
    """

    __slots__ = ("__weakref__", "_accepted", "_context", "_handshake", "native", "subprotocols")

    def __init__(self, native: NativeSocket, ctx: Context, handshake: Response) -> None:
        self.native = native
        self.subprotocols: Sequence[str] = native.protocols
        self._context = ctx
        self._handshake: Response | None = handshake
        self._accepted = False

    # The request

    @property
    def context(self) -> Context:
        """The context of the request: its session, `current_user` and what middleware left there."""
        return self._context

    @property
    def request(self) -> Request:
        """The request that asked for it."""
        return self._context.request

    @property
    def headers(self) -> Headers:
        """The fields of the request."""
        return self._context.request.headers

    @property
    def query(self) -> Query:
        """The query of the request."""
        return self._context.request.query

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies of the request by name, decoded; sealed ones are in `context.cookies`."""
        return self._context.request.cookies

    @property
    def params(self) -> dict[str, Any]:
        """The path's parameters."""
        return self._context.path_params

    @property
    def client(self) -> tuple[str, int] | None:
        """The client's address and port; None for a Unix socket."""
        return self._context.request.native.client

    # The life of it

    async def accept(self, *, subprotocol: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Answer the handshake; whatever else is done first does it without arguments.

        Args:    subprotocol: one of `subprotocols`; headers: fields of the answer, beside those of middleware.
        Raises:  ValueError for a subprotocol that was not offered, or when it was accepted already; InvalidField.
        """
        if self._accepted:
            raise ValueError("this WebSocket was accepted already")
        fields = [check_field(name, value) for name, value in (headers or {}).items()]
        if self._handshake is not None:
            fields = [*self._context.finish(self._handshake).fields, *fields]
        pending = self.native.accept(subprotocol, fields)
        self._accepted, self._handshake = True, None
        if pending is not None:
            await pending

    def receive(self) -> Coroutine[Any, Any, Message]:
        """The next message: text as str, octets as bytes.

        Raises: SocketClosed when none will come.
        """
        return self._receive(ends_loop=False)

    async def receive_json(self) -> Any:
        """The next message, decoded from JSON. Raises SocketClosed; BadRequest when it is no JSON."""
        message = await self.receive()
        return json.decode(message.encode() if isinstance(message, str) else message)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Message]:
        """The next message; the end of the socket ends the loop, whatever its code."""
        return self._receive(ends_loop=True)

    async def _receive(self, *, ends_loop: bool) -> Message:
        # One coroutine for both ways to wait, not one around the other: it is kept by every idle socket.
        if not self._accepted:
            await self.accept()
        native = self.native
        while (message := native.take()) is None:
            await native.arrived()
        if isinstance(message, tuple):
            raise StopAsyncIteration if ends_loop else SocketClosed(*message)
        return message

    async def send(self, message: Message | bytearray | memoryview) -> None:
        """Send text or octets; waits while the client takes less than is sent.

        Raises: SocketClosed when it has ended; TypeError for anything else.
        """
        if not self._accepted:
            await self.accept()
        has_room = self.native.send(message)
        if has_room:
            return
        if has_room is None:
            raise SocketClosed(*(self.native.end or (1006, "")))
        await self.native.room()

    async def send_json(self, value: object) -> None:
        """Send a value as JSON text. Raises as `send`; UnencodableValue."""
        await self.send(json.encode(value).decode())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye; before the handshake is answered, refuse it with 403. Later calls do nothing.

        Args:    code: 1000 to 1003, 1007 to 1014, or 3000 to 4999; reason: up to 123 octets, for people.
        Raises:  ValueError for another code or a longer reason.
        """
        if self._accepted:
            pending = self.native.close(code, reason)
            if pending is not None:
                await pending
        else:
            raise RefusedSocket

    async def subscribe(self, topic: str) -> None:
        """Get what is broadcast to a topic from now on, until `unsubscribe` or the end."""
        if not self._accepted:
            await self.accept()
        self.native.subscribe(topic)

    async def unsubscribe(self, topic: str) -> None:
        """Get no more of it."""
        self.native.unsubscribe(topic)

    def __repr__(self) -> str:
        state = "offered" if not self._accepted else "open" if self.native.end is None else "ended"
        return f"<WebSocket {self.request.path} {state}>"
