"""Spine 2: how a request gets from the core through its route's middleware to the endpoint, and back.

    core ─ entry(native) ─ Request ─ Context (a controller, for its actions) ─ middleware ─ endpoint ─ Response ─ core

Rules of this file:
- Everything is decided in `build_dispatch`, once a route; a request finds functions that are ready to call.
- An exception becomes a response at the first `before`/`after` middleware on its way out, so that what is further out
  sees it like any other response; without such middleware, here.
- A route whose middleware and endpoint are plain runs without a coroutine.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from spica._core import Request as NativeRequest
from spica.app.failures import Failures
from spica.controllers.action import Endpoint
from spica.http.context import Context, ContextServices
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware.pipeline import Middleware, compose, is_async

Answer: TypeAlias = Response | Coroutine[Any, Any, Response]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One route, ready. `run` takes a request, without its content when `streams_content`; awaited when it `waits`."""

    run: Callable[[Request], Answer]
    waits: bool
    streams_content: bool = False

    def entry(self, native: NativeRequest) -> Answer:
        """What the core calls with the request it has matched."""
        return self.run(Request(native))


def build_dispatch(
    endpoint: Endpoint, middleware: Sequence[Middleware], failures: Failures, services: ContextServices
) -> Dispatch:
    """Compose a route: context, middleware, endpoint, failures."""
    make, info, names, answer = endpoint.context_type, endpoint.info, endpoint.parameter_names, failures.answer
    pipeline: Any = compose(middleware, endpoint.call, on_error=failures.answer_in)

    def enter(request: Request) -> Context:
        return make(request, info, dict(zip(names, request.native.params)) if names else None, services)  # noqa: B905 - same length

    def run(request: Request) -> Response:
        ctx = enter(request)
        try:
            response = pipeline(ctx)
        except Exception as error:
            response = answer(request, error, ctx)
        return ctx.finish(response)

    async def run_waiting(request: Request) -> Response:
        ctx = enter(request)
        try:
            response = await pipeline(ctx)
        except Exception as error:
            response = answer(request, error, ctx)
        return ctx.finish(response)

    waits = is_async(pipeline)
    return Dispatch(run_waiting if waits else run, waits, endpoint.streams_content)
