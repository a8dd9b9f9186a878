"""WebSockets through spine 2: middleware answers the handshake, then the handler lives as long as its socket.

Rules of this file:
- Before all of it the page's origin is looked at (`origins.py`).
- The route's pipeline runs around the handshake, not around the socket: `before` may refuse, `after` and `around` see a
  response with the status 101, whose fields go out with it.
- An exception before the handshake is answered becomes an ordinary response. After that it is logged and
  reported, and the client gets 1011.
- Why a handshake is refused is a line of development's log: browsers show the status at most, and no page can read it.
- `SocketClosed` that a handler lets through is no failure: the client went away while it worked.
"""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from spica._core import Request as NativeRequest
from spica.app.failures import Failures
from spica.app.origins import OriginCheck
from spica.controllers.action import Endpoint
from spica.errors.http import HttpError, UnprocessableContent
from spica.http.context import Context, ContextServices
from spica.http.request import Request
from spica.http.response import Response
from spica.http.websocket import NativeSocket, SocketClosed, WebSocket
from spica.middleware.pipeline import Middleware, compose, is_async

SocketEntry = Callable[[NativeRequest, NativeSocket], Awaitable[Response | None]]

SWITCHING = 101
_log = logging.getLogger("spica.app")


def build_socket_entry(
    endpoint: Endpoint,
    middleware: Sequence[Middleware],
    failures: Failures,
    services: ContextServices,
    origins: OriginCheck,
) -> SocketEntry:
    """Compose a WebSocket's route. What it makes returns the response of a handshake that was refused, else None."""
    make, info, names, call = endpoint.context_type, endpoint.info, endpoint.parameter_names, endpoint.call

    def answer_in(ctx: Context, error: Exception) -> Response:
        _note(ctx, failures, error)
        return failures.answer_in(ctx, error)

    pipeline: Any = compose(middleware, _agree, on_error=answer_in)
    pipeline_waits, call_waits = is_async(pipeline), is_async(call)

    async def answer_handshake(ctx: Context) -> Response:
        try:
            response: Response = await pipeline(ctx) if pipeline_waits else pipeline(ctx)
        except Exception as error:
            response = answer_in(ctx, error)
        return response

    async def entry(native: NativeRequest, native_socket: NativeSocket) -> Response | None:
        refusal = origins.refuse(native)
        if refusal is not None:
            return refusal
        ctx = make(Request(native), info, dict(zip(names, native.params, strict=True)), services)
        response = await answer_handshake(ctx)
        if response.status != SWITCHING:
            return ctx.finish(response)
        socket = ctx.websocket = WebSocket(native_socket, ctx, response)
        try:
            answer: Any = call(ctx)
            if call_waits:
                answer = await answer
        except SocketClosed:
            return None
        except (CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # a panic in native code; SystemExit, which would end the event loop
            return await _fail(ctx, socket, failures, error)
        return None if native_socket.is_accepted else ctx.finish(answer)

    return entry


def _agree(ctx: Context) -> Response:
    return Response(status=SWITCHING)


async def _fail(ctx: Context, socket: WebSocket, failures: Failures, error: BaseException) -> Response | None:
    if not socket.native.is_accepted:
        _note(ctx, failures, error)
        return ctx.finish(failures.answer(ctx.request, error, ctx))
    _log.error("the WebSocket %s failed %s", ctx.request.path, ctx.trace_id, exc_info=error)
    failures.report(error, ctx.request)
    await socket.close(1011)
    return None


def _note(ctx: Context, failures: Failures, error: BaseException) -> None:
    if not (failures.development and isinstance(error, HttpError)):
        return
    facts = {"path": ctx.request.path, "status": error.status, "reason": error.detail}
    if isinstance(error, UnprocessableContent) and error.errors:
        facts["errors"] = "; ".join(f"{one.name} {one.message}" for one in error.errors)
    ctx.log.info("WebSocket refused", **facts)
