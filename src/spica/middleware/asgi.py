"""Asgi: ASGI middleware of others in our pipeline, around everything that follows it.

Rules of this file:
- The middleware is made once, when it is declared. What it asks is not our handler but a stand-in, which answers with
  what the rest of the pipeline has made.
- It may answer itself, change the answer's status, fields and content, and see what is raised. What it changes in the
  scope or in `receive` reaches nobody: our request was read before it.
- A file that we send is not read for it: its content goes by, unless the middleware puts another in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from spica.http.asgi_exchange import AsgiApp, Exchange, Message, Receive, Send
from spica.http.asgi_scope import build_scope
from spica.http.context import Context
from spica.http.response import Response
from spica.http.streaming import ContentStream, WholeContent, encode_chunk, iterate
from spica.middleware.pipeline import Middleware

Next = Callable[[Context], Awaitable[Response]]


class _Inner:
    """What follows in the pipeline, for one request."""

    def __init__(self, ctx: Context, following: Next) -> None:
        self.ctx, self.following = ctx, following
        self.made: Response | None = None


_inner: ContextVar[_Inner] = ContextVar("spica.middleware.asgi")


class Asgi(Middleware):
    """Uses ASGI middleware.

    Args:    middleware: its class, or a function that wraps an ASGI application; options: what it takes besides the
             application.
    Example:
        >>> from starlette.middleware.gzip import GZipMiddleware
        >>> compress = Asgi(GZipMiddleware, minimum_size=500)
    """

    def __init__(self, middleware: Callable[..., AsgiApp], **options: Any) -> None:
        self._app = middleware(_answer, **options)
        self._label = f"the ASGI middleware {getattr(middleware, '__qualname__', middleware)}"
        self._tasks: set[asyncio.Task[None]] = set()

    async def around(self, ctx: Context, next: Next) -> Response:
        """Ask the middleware, which asks what follows."""
        inner = _Inner(ctx, next)
        native = ctx.request.native
        content = ContentStream(WholeContent(b"" if native.incoming is not None else native.content))
        token = _inner.set(inner)
        try:
            exchange = Exchange(ctx.request, content, self._label, self._tasks)
            response = await exchange.ask(self._app, build_scope(ctx, "http"))
        finally:
            _inner.reset(token)
        return _complete(response, inner.made)

    def __repr__(self) -> str:
        return f"Asgi({self._label})"


async def _answer(scope: Message, receive: Receive, send: Send) -> None:
    """What the middleware takes for the application."""
    inner = _inner.get()
    made = inner.made = await inner.following(inner.ctx)
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in made.fields]
    if made.stream is None and made.file is None and made.header("content-length") is None:
        headers.append((b"content-length", str(len(made.body)).encode()))
    await send({"type": "http.response.start", "status": made.status, "headers": headers})
    if made.stream is not None:
        async for chunk in iterate(made.stream):
            await send({"type": "http.response.body", "body": encode_chunk(chunk), "more_body": True})
    await send({"type": "http.response.body", "body": made.body, "more_body": False})


def _complete(response: Response, made: Response | None) -> Response:
    """Put back what ASGI has no word for."""
    if made is None:
        return response
    response.compress, response.keep_alive, response.trailers = made.compress, made.keep_alive, made.trailers
    if made.file is not None and response.stream is None and not response.body:
        response.file = made.file
    return response
