"""Entries: how each route is handed to the core, the fewest steps first.

Rules of this file:
- A handler that takes only path parameters, on a route without middleware, is called by the core itself: no Request, no
  Context, no Response object. Its errors go to `on_error`.
- Every other route is entered through its dispatch, spine 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from inspect import isawaitable, iscoroutine
from typing import Any, TypedDict

from spica._core import Application, RoutePatternError
from spica._core import Request as NativeRequest
from spica.app.dispatch import Dispatch
from spica.app.sockets import SocketEntry
from spica.controllers.action import Endpoint
from spica.http.request import Request
from spica.injection.waiting import Kind
from spica.middleware.access_log import is_logged
from spica.middleware.body_limit import find_limit
from spica.middleware.pipeline import Middleware
from spica.routing.errors import InvalidPatternError, InvalidRouteOptionError
from spica.routing.route import Predicate, Route

_WITHOUT_CONTENT = frozenset({"GET", "HEAD", "OPTIONS"})


def add_bare_entry(core: Application, route: Route, endpoint: Endpoint, middleware: Sequence[Middleware]) -> int | None:
    """Hand a handler to the core directly, where that is possible. Returns the route's number there, or None."""
    bare = endpoint.bare
    if bare is None or middleware:
        return None
    with _explained(route):
        return core.add_route(
            route.method,
            route.pattern.native,
            bare.function,
            takes="params",
            order=list(bare.order),
            kind=bare.kind,
            status=route.status,
            label=route.origin,
            vital=route.vital,
            **_build_demands(route),
        )


def add_entry(core: Application, route: Route, dispatch: Dispatch) -> int:
    """Hand a route's dispatch to the core. Returns the route's number there."""
    entry = (
        dispatch.entry if route.method in _WITHOUT_CONTENT or dispatch.streams_content else dispatch.entry_with_content
    )
    return _add(core, route.method, route, entry, "task" if dispatch.waits else "plain", dispatch.streams_content)


def add_socket_entry(core: Application, route: Route, entry: SocketEntry) -> int:
    """Hand the core what answers WebSockets at a route's pattern, and looks at the origins of their pages itself."""
    with _explained(route):
        return core.add_route(
            "GET",
            route.pattern.native,
            entry,
            takes="request",
            kind="socket",
            label=route.origin,
            origins=["*"],  # `entry` looks, and tells why in the log; who hands the core another one leaves this out
            **_build_demands(route),
        )


def add_post_entry(
    core: Application, route: Route, entry: Callable[..., object], *, streams_content: bool = False
) -> int:
    """Hand the core what answers POST at a route's pattern: a response, or a coroutine of one. Returns its number."""
    return _add(core, "POST", route, entry, "plain", streams_content)


def reserve_place(core: Application, route: Route) -> None:
    """Give a route that has a mistake its place in the core all the same, so that what contradicts it is found too."""
    with suppress(InvalidPatternError):  # the mistake itself, told already
        _add(core, "GET" if route.is_socket else route.method, route, lambda native: None, "plain", False)


def narrow_entry(core: Application, number: int, chains: Sequence[Sequence[Middleware]]) -> None:
    """Tell the core what the middleware of a route has it do: content limits, access lines.

    Args:    chains: the middleware of every route that is entered here; what one of them allows is.
    """
    limits = [find_limit(chain) for chain in chains]
    limit = None if None in limits else max(filter(None, limits), default=None)
    logged = any(is_logged(chain) for chain in chains)
    if limit is not None or not logged:
        core.narrow(number, max_content_bytes=limit, logged=logged)


def _add(
    core: Application,
    method: str,
    route: Route,
    entry: Callable[..., object],
    kind: Kind,
    streams_content: bool,
) -> int:
    with _explained(route):
        return core.add_route(
            method,
            route.pattern.native,
            entry,
            takes="request",
            kind=kind,
            label=route.origin,
            content="stream" if streams_content else "whole",
            vital=route.vital,
            **_build_demands(route),
        )


class _Demands(TypedDict):
    """What the core asks of a request besides its method and path; see `Application.add_route`."""

    host: str | None
    constraints: list[tuple[str, str]]
    parsers: list[tuple[int, Callable[[Any], object]]]
    when: Callable[[NativeRequest], object] | None
    guard: str
    fallback: bool


def _build_demands(route: Route) -> _Demands:
    pattern = route.pattern
    own = [(place, parameter.converter) for place, parameter in enumerate(pattern.parameters)]
    parsers = [(place, converter.parse) for place, converter in own if converter.parse is not None]
    predicates = route.demands.when
    names = [converter.name for _, converter in own if converter.parse is not None]
    return {
        "host": pattern.native_host,
        "constraints": pattern.constraints,
        "parsers": parsers,
        "when": _build_predicate(predicates) if predicates else None,
        "guard": " ".join([*names, *(str(id(predicate)) for predicate in predicates)]),
        "fallback": route.kind == "fallback",
    }


def _build_predicate(predicates: tuple[Predicate, ...]) -> Callable[[NativeRequest], object]:
    """What the core asks once everything else matches; the content of the request is not here yet."""
    if len(predicates) == 1:
        only = predicates[0]
        return lambda native: _ask(only, native)
    return lambda native: all(_ask(predicate, native) for predicate in predicates)


def _ask(predicate: Predicate, native: NativeRequest) -> object:
    answer = predicate(Request(native))
    if answer is not True and answer is not False and isawaitable(answer):
        # A lambda around an async function: as an object it would be true, and every request would pass.
        if iscoroutine(answer):
            answer.close()
        raise InvalidRouteOptionError(
            f"the guard {getattr(predicate, '__qualname__', predicate)} returned an awaitable",
            why="guards are asked while the route is looked for, and nothing is awaited there",
            fix="let when= be a plain function of the request, and check what must be waited for in a filter",
        )
    return answer


@contextmanager
def _explained(route: Route) -> Iterator[None]:
    """Turn the core's refusal of a pattern into the error that names the line."""
    try:
        yield
    except RoutePatternError as error:
        what, _, why, fix = error.args
        raise InvalidPatternError(what, where=route.label, why=why, fix=fix) from None
