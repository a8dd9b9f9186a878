"""Spine 2: how a request gets from the core through its route's middleware to the endpoint, and back.

    core ─ entry(native) ─ Request ─ Context (a controller, for its actions) ─ middleware ─ endpoint ─ Response ─ core

Rules of this file:
- Everything is decided in `build_dispatch`, once a route; a request finds functions that are ready to call.
- An exception becomes a response at the first `before`/`after` middleware on its way out, so that what is further out
  sees it like any other response; without such middleware, here.
- A route whose middleware and endpoint are plain runs without a coroutine.
- A large form is decoded before the route is entered, a block at a time: whoever asks for it there finds it ready.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from spica._core import Request as NativeRequest
from spica.app.failures import Failures
from spica.controllers.action import Endpoint
from spica.http import media_types
from spica.http.context import Context, ContextServices
from spica.http.request import Request
from spica.http.response import Response
from spica.middleware.pipeline import Middleware, compose, is_async

# Decoding less than this takes less time than handing over to others would.
_LARGE_FORM_BYTES = 64 * 1024

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

    def entry_with_content(self, native: NativeRequest) -> object:
        """What the core calls for a method whose requests have content."""
        return run_with_form(Request(native), self.run)


def run_with_form(request: Request, run: Callable[[Request], object]) -> object:
    """Run a route, after the request's form was decoded if that takes long enough for others to wait for it."""
    native = request.native
    if native.content_length > _LARGE_FORM_BYTES and request.content_type == media_types.MULTIPART:
        return _run_after_form(request, run)
    return run(request)


async def _run_after_form(request: Request, run: Callable[[Request], object]) -> object:
    await request.load_form()
    answer = run(request)
    return await answer if isinstance(answer, Awaitable) else answer


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
