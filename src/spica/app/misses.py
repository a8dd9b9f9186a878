"""Misses: what answers when neither a route nor a public file does: the list of allowed methods, or a 404.

Rules of this file:
- The common part of the middleware runs here too, so that a miss is counted, refused and marked like any request.
- A preflight is answered by the Cors of the route that it announces, before any middleware: it carries no credentials.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from spica._core import Application as Core
from spica._core import Request as NativeRequest
from spica.app.failures import Failures
from spica.errors import closest
from spica.errors.http import HttpError, MethodNotAllowed, NotFound
from spica.http.context import Context, ContextServices
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware.cors import Cors, is_preflight
from spica.middleware.pipeline import Middleware, compose, is_async
from spica.routing.route import Route

# Our own server says the same before Python is asked; this is for others.
_NO_UPGRADE = HttpError(
    "this address is a WebSocket", status=426, fields=(("upgrade", "websocket"), ("sec-websocket-version", "13"))
)


class Miss(Context):
    """The context of a request that has no route. `status` and `allow` as `Misses.answer` takes them."""

    status = 404
    allow = ""


class Misses:
    """Answers requests that match no route.

    Args:    routes: for the page that development shows; failures: makes the error's response; middleware: the common
             part, which every request passes through; services: what contexts are given.
    """

    def __init__(
        self, routes: Sequence[Route], failures: Failures, middleware: Sequence[Middleware], services: ContextServices
    ) -> None:
        self._routes = routes
        self._failures = failures
        self._services = services
        self._cors: dict[int, Cors] = {}
        self._core: Core | None = None
        self._pipeline: Any = compose(middleware, self._answer, on_error=failures.answer_in)
        self._waits = is_async(self._pipeline)

    def bind(self, core: Core) -> None:
        """Take the finished route tree, by which preflights find their route."""
        self._core = core

    def note(self, number: int, chain: Sequence[Middleware]) -> None:
        """Remember the Cors of a route, if it has one."""
        for one in chain:
            if isinstance(one, Cors):
                self._cors[number] = one

    def answer(self, native: NativeRequest, status: int, allow: str) -> Response | Awaitable[Response]:
        """Make the response to a miss; the core's `on_miss`.

        Args:    status: 404, 405, 426 for an ordinary request to a WebSocket, or 204 for OPTIONS; allow: the methods
                 that the path has.
        """
        request = Request(native)
        if status == 204 and self._cors and is_preflight(request):
            cors = self._find_cors(request)
            if cors is not None:
                return cors.preflight(request, [method.strip() for method in allow.split(",")])
        ctx = Miss(request, None, None, self._services)
        ctx.status, ctx.allow = status, allow
        return self._wait(ctx) if self._waits else self._run(ctx)

    def _run(self, ctx: Miss) -> Response:
        try:
            response: Response = self._pipeline(ctx)
        except Exception as error:
            response = self._failures.answer(ctx.request, error, ctx)
        return ctx.finish(response)

    async def _wait(self, ctx: Miss) -> Response:
        try:
            response: Response = await self._pipeline(ctx)
        except Exception as error:
            response = self._failures.answer(ctx.request, error, ctx)
        return ctx.finish(response)

    def _answer(self, ctx: Miss) -> Response:
        request, status, allow = ctx.request, ctx.status, ctx.allow
        if status == 204:
            return Response(status=204, fields=[("allow", allow)])
        if status == 426:
            return self._failures.answer(request, _NO_UPGRADE)
        if self._failures.development and self._failures.wants_page(request):
            response = self._explain(request, status)
        else:
            response = self._failures.answer(request, MethodNotAllowed() if status == 405 else NotFound())
        if status == 405:
            response.set_header("allow", allow)
        return response

    def _find_cors(self, request: Request) -> Cors | None:
        method = request.native.field("access-control-request-method") or ""
        if self._core is None or not method:
            return None
        native = request.native
        number, _ = self._core.match(NativeRequest.build(method, native.target, native.fields))
        return self._cors.get(number)

    def _explain(self, request: Request, status: int) -> Response:
        # Lazy: production never shows it.
        from spica.app.debug_page import build_miss_page

        patterns = {route.pattern.text for route in self._routes}
        rows = [(route.verb, route.shown, route.target_name) for route in self._routes]
        return build_miss_page(request, status, rows, closest(request.path, patterns))
