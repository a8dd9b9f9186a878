"""A mounted application's side of a WebSocket: ASGI's messages in terms of our own `WebSocket`.

Source: ASGI 3.0, WebSocket message format 2.3 with the extension `websocket.http.response`.
"""

from __future__ import annotations

import asyncio

from spica.http.asgi_exchange import AsgiApp, ClientGone, Message
from spica.http.context import Context
from spica.http.errors import MountedAppError
from spica.http.response import Response
from spica.http.websocket import SocketClosed, WebSocket


async def serve_mounted_socket(app: AsgiApp, scope: Message, ctx: Context, label: str) -> Response:
    """Run an application for one WebSocket.

    Returns: the answer to a handshake that it refused; without meaning when it accepted.
    Raises:  what it lets through; MountedAppError when it ends without an answer to the handshake.
    """
    socket: WebSocket = ctx.websocket
    scope["subprotocols"] = list(socket.subprotocols)
    bridge = _Bridge(socket, ctx, label)
    await app(scope, bridge.receive, bridge.send)
    if bridge.refusal is None and not bridge.is_accepted:
        raise bridge.mistake("it ended without an answer to the handshake")
    return bridge.refusal or Response(status=403)


class _Bridge:
    """`receive` and `send` of one WebSocket."""

    def __init__(self, socket: WebSocket, ctx: Context, label: str) -> None:
        self._socket, self._ctx, self._label = socket, ctx, label
        self._is_told = False
        self._answered = asyncio.Event()
        self.is_accepted = False
        self.refusal: Response | None = None

    async def receive(self) -> Message:
        """The handshake, then messages, then the end."""
        if not self._is_told:
            self._is_told = True
            return {"type": "websocket.connect"}
        await self._answered.wait()
        if not self.is_accepted:
            return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        try:
            message = await self._socket.receive()
        except SocketClosed as end:
            return {"type": "websocket.disconnect", "code": end.code, "reason": end.reason}
        kind = "text" if isinstance(message, str) else "bytes"
        return {"type": "websocket.receive", kind: message}

    async def send(self, message: Message) -> None:
        """Answer the handshake, send, or close. Raises ClientGone; MountedAppError."""
        kind = message.get("type")
        if kind == "websocket.accept" and not self._answered.is_set():
            await self._accept(message)
        elif kind == "websocket.send" and self.is_accepted:
            await self._send(message)
        elif kind == "websocket.close":
            await self._close(message)
        elif kind == "websocket.http.response.start" and not self._answered.is_set():
            self.refusal = Response(status=int(message["status"]), fields=_read_fields(message))
            self._answered.set()
        elif kind == "websocket.http.response.body" and self.refusal is not None:
            self.refusal.body += bytes(message.get("body", b""))
        else:
            raise self.mistake(f"it sends {kind!r} where that can't be")

    def mistake(self, what: str) -> MountedAppError:
        """What the application did wrong."""
        return MountedAppError(
            f"{self._label} does not keep to ASGI: {what}",
            where=f"WS {self._ctx.request.path}",
            why="a handshake is accepted, or closed, once; messages follow",
            fix="look at what the application, or its outermost middleware, sends",
        )

    async def _accept(self, message: Message) -> None:
        for field in _read_fields(message):
            self._ctx.response.fields.append(field)
        await self._socket.accept(subprotocol=message.get("subprotocol"))
        self.is_accepted = True
        self._answered.set()

    async def _send(self, message: Message) -> None:
        text, octets = message.get("text"), message.get("bytes")
        if (text is None) == (octets is None):
            raise self.mistake("a message has either text or bytes")
        try:
            await self._socket.send(text if text is not None else octets)  # type: ignore[arg-type]  # one of them is
        except SocketClosed as end:
            raise ClientGone(f"the WebSocket has ended: {end}") from None

    async def _close(self, message: Message) -> None:
        if self.is_accepted:
            await self._socket.close(message.get("code") or 1000, message.get("reason") or "")
        elif self.refusal is None:
            self.refusal = Response("403 Forbidden: the WebSocket was not accepted\n", 403)
            self._answered.set()


def _read_fields(message: Message) -> list[tuple[str, str]]:
    pairs = message.get("headers", ())
    return [(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in pairs]
