"""ASGI: the application behind another server (uvicorn, granian, hypercorn), through the same spine 2.

Rules of this file:
- Content is read whole before the handler runs, up to the limit; beyond it the answer is 413. A handler that takes its
  content as a stream runs first, and the limit is checked while it reads.
- A client that goes away cancels a handler that waits.
- A WebSocket's handler lives as long as its socket. A client that goes away ends it, unless it finds out by itself.
- Nothing is compressed: that is the server's, or a proxy's in front of it.
Source: ASGI 3.0, HTTP and WebSocket message format 2.4, lifespan 2.0.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from spica._core import Application as Core
from spica._core import FileContent
from spica._core import Request as NativeRequest
from spica.app.asgi_content import Disconnected, Message, Receive, StreamedContent, WholeContent, read_content
from spica.app.asgi_socket import AsgiSocket, Topics
from spica.errors.http import ContentTooLarge, HttpError
from spica.http.keep_alive import KeepAlive
from spica.http.request import Request
from spica.http.response import Response
from spica.http.streaming import Incoming, encode_chunk, iterate

if TYPE_CHECKING:  # the application calls this file
    from spica.app.application import App

Send: TypeAlias = Callable[[Message], Awaitable[None]]

_CHUNK = 64 * 1024
_FAREWELL_S = 0.05
_topics: WeakKeyDictionary[asyncio.AbstractEventLoop, Topics] = WeakKeyDictionary()
_log = logging.getLogger("spica.app")


async def serve_scope(app: App, scope: Message, receive: Receive, send: Send) -> None:
    """Answer one ASGI scope: a request, the lifespan, or a WebSocket."""
    if scope["type"] == "http":
        await _serve_http(app, scope, receive, send)
    elif scope["type"] == "lifespan":
        await _serve_lifespan(app, receive, send)
    elif scope["type"] == "websocket":
        await _serve_socket(app, scope, receive, send)
    else:
        raise ValueError(f"the ASGI scope {scope['type']!r} is not known")


async def _serve_http(app: App, scope: Message, receive: Receive, send: Send) -> None:
    limit = app.settings.server.max_content_bytes
    core = app.core
    watch = receive
    try:
        if core.has_streams and core.streams_content(_build_request(scope)):
            incoming = StreamedContent(receive, limit)
            native = _build_request(scope, incoming=incoming)
            watch = incoming.rest
            value = await _call(app, native, watch)
        else:
            content = await _read_whole(receive, limit)
            if isinstance(content, WholeContent):
                native = _build_request(scope, content.content, spooled=content.spooled)
                content.close()
                value = await _call(app, native, receive)
            else:
                native = _build_request(scope)
                value = app.failures.answer(Request(native), content)
        await _send_response(app, core, native, value, watch, send)
    except Disconnected:
        return


async def _read_whole(receive: Receive, limit: int) -> WholeContent | HttpError:
    try:
        return await read_content(receive, limit) or ContentTooLarge()
    except HttpError as error:
        return error


async def _serve_socket(app: App, scope: Message, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    scheme = "https" if scope.get("scheme") in ("wss", "https") else "http"
    native = _build_request({**scope, "method": "GET", "scheme": scheme, "headers": _as_upgrade(scope["headers"])})
    handler = app.core.begin_socket(native)
    if handler is None:
        await _refuse(scope, send, 404, _own_fields(app), b"404 Not Found\n")
        return
    topics = _topics.setdefault(asyncio.get_running_loop(), Topics())
    socket = AsgiSocket(scope, receive, send, topics)
    with topics.used():
        try:
            response = await _until_left(asyncio.ensure_future(handler(native, socket)), socket)
            if response is not None:
                status, fields, body = app.core.finish(native, response)
                await _refuse(scope, send, status, fields, body if isinstance(body, bytes) else b"")
            elif socket.end is None:
                await socket.close()
        finally:
            await socket.leave()


async def _until_left(handler: asyncio.Task[Any], socket: AsgiSocket) -> object:
    """Wait for a handler. One whose client is gone and that does not find out by itself is cancelled."""
    gone = asyncio.ensure_future(socket.ended())
    try:
        await asyncio.wait((handler, gone), return_when=asyncio.FIRST_COMPLETED)
        while not handler.done():
            socket.took = False
            await asyncio.wait((handler,), timeout=None if socket.told else _FAREWELL_S)
            if not handler.done() and not socket.told and not socket.took:
                return None
        return handler.result()
    finally:
        gone.cancel()
        if not handler.done():
            handler.cancel()
            await asyncio.wait((handler,))


def _own_fields(app: App) -> list[tuple[bytes, bytes]]:
    """Those of an answer that is made here: the core, which adds the application's own, never sees it."""
    fields = [("content-type", "text/plain; charset=utf-8"), *app.core.fields]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


async def _refuse(scope: Message, send: Send, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": status, "headers": fields})
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        await send({"type": "websocket.close", "code": 1000})


async def _call(app: App, native: NativeRequest, receive: Receive) -> object:
    try:
        value = app.core.begin(native)
        return await _until_disconnect(value, receive) if isinstance(value, CoroutineType) else value
    except Disconnected:
        raise
    except Exception as error:
        return app.failures.answer(Request(native), error)


async def _until_disconnect(coroutine: Coroutine[Any, Any, object], receive: Receive) -> object:
    handler = asyncio.ensure_future(coroutine)
    gone = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        await asyncio.wait((handler, gone), return_when=asyncio.FIRST_COMPLETED)
        if handler.done():
            return handler.result()
        raise Disconnected
    finally:
        gone.cancel()
        if not handler.done():
            handler.cancel()
            await asyncio.wait((handler,))


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _raw_path(scope: Message) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.partition(b"?")[0]


def _as_upgrade(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The fields of a handshake; over HTTP/2, and by some servers, they come without `Upgrade`."""
    fields = list(headers)
    if not any(name.lower() == b"upgrade" for name, _ in fields):
        fields.append((b"upgrade", b"websocket"))
    return fields


def _build_request(
    scope: Message, content: bytes = b"", *, incoming: Incoming | None = None, spooled: int | None = None
) -> NativeRequest:
    query = scope.get("query_string", b"")
    target = _raw_path(scope) + (b"?" + query if query else b"")
    return NativeRequest.build(
        scope["method"],
        target.decode("latin-1"),
        [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]],
        content,
        incoming=incoming,
        spooled=spooled,
        scheme=scope.get("scheme", "http"),
        client=_read_client(scope),
    )


def _read_client(scope: Message) -> tuple[str, int] | None:
    client = scope.get("client")
    # Granian gives the port as text, uvicorn None for a Unix socket.
    return (str(client[0]), int(client[1] or 0)) if client else None


async def _send_response(
    app: App, core: Core, native: NativeRequest, value: object, watch: Receive, send: Send
) -> None:
    try:
        status, fields, body = core.finish(native, value)
    except Exception as error:  # a value without a JSON form, or a field that can't be sent
        status, fields, body = core.finish(native, app.failures.answer(Request(native), error))
    is_head = native.method == "HEAD"
    if isinstance(body, Response):
        await _until_disconnect(_send_stream(body, status, fields, send, is_head=is_head), watch)
        return
    if isinstance(body, FileContent):
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await _send_file(body, send, is_head=is_head)
        return
    if status not in (204, 304) and not any(name == b"content-length" for name, _ in fields):
        fields = [*fields, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if is_head else body})


async def _send_stream(
    response: Response, status: int, fields: list[tuple[bytes, bytes]], send: Send, *, is_head: bool
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": fields})
    if not is_head:
        async with (
            _speaking(send, response.keep_alive) as write,
            contextlib.aclosing(iterate(response.stream)) as chunks,
        ):
            async for chunk in chunks:
                await write(encode_chunk(chunk))
                # Neither the generator nor `send` need ever wait, and then nobody would see that the client is gone.
                await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def _speaking(send: Send, keep_alive: KeepAlive | None) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """What sends pieces; where the stream has a keep-alive, that is sent in between when there is silence."""
    one_at_a_time = asyncio.Lock()
    spoke = asyncio.Event()

    async def write(octets: bytes) -> None:
        spoke.set()
        async with one_at_a_time:
            await send({"type": "http.response.body", "body": octets, "more_body": True})

    async def speak(keep_alive: KeepAlive) -> None:
        while True:
            spoke.clear()
            await asyncio.sleep(keep_alive.interval_s)
            if not spoke.is_set() and not one_at_a_time.locked():
                await write(keep_alive.octets)

    speaker = asyncio.ensure_future(speak(keep_alive)) if keep_alive is not None else None
    try:
        yield write
    finally:
        if speaker is not None:
            speaker.cancel()
            await asyncio.gather(speaker, return_exceptions=True)  # whose client is gone is told by the other side


async def _send_file(content: FileContent, send: Send, *, is_head: bool) -> None:
    while not is_head and (chunk := await asyncio.to_thread(content.read, _CHUNK)):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _serve_lifespan(app: App, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        phase = message["type"].removeprefix("lifespan.")
        try:
            await (_start(app) if phase == "startup" else app.shutdown())
        except Exception as error:
            _log.exception("the application's %s failed", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        await send({"type": f"lifespan.{phase}.complete"})
        if phase == "shutdown":
            return


async def _start(app: App) -> None:
    await app.startup()
    try:
        await app.learn_presence()
    except BaseException:  # nobody sends `lifespan.shutdown` to who was not started
        await app.shutdown()
        raise
