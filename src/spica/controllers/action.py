"""Actions: what answers a route, compiled when the application starts into one call per request.

Rules of this file:
- A function and a controller's action differ in three things only: the action gets the context as `self`, filters run
  before it, and its None means "my own template".
- An endpoint whose parts never suspend is a plain function, also when they are written `async def`.
- Providers live in one scope per request, closed after the response was built and before it leaves; that of a streamed
  response when the stream ends.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast, get_args, get_type_hints

from spica.controllers.binding import HttpHost, is_content_stream, is_websocket, takes_context
from spica.controllers.controller import Controller, RouteInfo
from spica.controllers.filters import Kind as FilterKind
from spica.controllers.filters import find_filters, find_rescues
from spica.controllers.lookup import ActionRef
from spica.controllers.rendering import build_events, build_response
from spica.controllers.results import refuse_status_in_tuple
from spica.controllers.signatures import check_self
from spica.controllers.sources import find_position, passes_unchanged
from spica.controllers.wrapping import check_around, rescue, wrap_after, wrap_around
from spica.http.context import Context
from spica.http.events import KEEP_ALIVE_S, Event
from spica.http.response import Response
from spica.http.streaming import Chunk, Streamable, iterate, name_after
from spica.injection.errors import SignatureError
from spica.injection.plan import Plan, build_plan
from spica.injection.registry import Registry
from spica.injection.scope import Scope
from spica.injection.signature import describe_place
from spica.injection.waiting import Kind, find_kind, run_to_end
from spica.routing.pattern import Pattern
from spica.routing.route import Handler, Route

Call: TypeAlias = Callable[[Any], Response | Awaitable[Response]]
Invoke: TypeAlias = Callable[[Any, Scope], Any]
Respond: TypeAlias = Callable[[Any, object], Response]

# Stands where no provider will ask for a scope, so that the signature of a call is one.
_NO_SCOPE = Scope()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers one route.

    `call` takes the context, and is an async function when the handler may wait. `bare` is there when the handler takes
    nothing but path parameters as the route tree delivers them: the core can call it without a request object.
    """

    info: RouteInfo
    context_type: type[Context]
    call: Call
    parameter_names: tuple[str, ...]
    bare: BareCall | None = None
    streams_content: bool = False


@dataclass(frozen=True, slots=True)
class BareCall:
    """A handler for the core to call: `order` is the position in the pattern of each argument."""

    function: Handler
    order: tuple[int, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Step:
    """A filter or the action itself: how it is called, and whether and how that waits."""

    invoke: Invoke
    kind: Kind
    needs_scope: bool


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A filter that stands after or around the action."""

    method: Callable[..., Any]
    kind: FilterKind


def build_function_endpoint(
    route: Route, function: Handler, info: RouteInfo, registry: Registry | None = None
) -> Endpoint:
    """Compile a function handler; `registry` has the application's providers.

    Raises: SignatureError when its parameters can't be filled from the route.
    """
    host = HttpHost(route.pattern, strict_path=True, is_socket=route.is_socket, method=route.method)
    plan = build_plan(function, host, registry=registry)
    if route.is_socket:
        return Endpoint(info, Context, _build_socket_call([], function, plan, is_method=False), route.pattern.names)
    refuse_status_in_tuple(function)
    step = _build_step(function, plan, is_method=False)
    build = _choose_builder(function, route)
    call = _build_call([], step, lambda ctx, value: build(ctx.answer if value is None else value))
    order = _find_order(plan, route.pattern) if not _yields_events(function, route) else None
    bare = BareCall(function, order, step.kind) if order is not None else None
    return Endpoint(info, Context, call, route.pattern.names, bare, _streams_content(plan))


def build_action_endpoint(route: Route, ref: ActionRef, info: RouteInfo, registry: Registry | None = None) -> Endpoint:
    """Compile a controller's action with the filters before it; `registry` has the application's providers.

    Raises: SignatureError when a parameter of the action or of a filter can't be filled from the route.
    """
    host = HttpHost(route.pattern, strict_path=False, is_socket=route.is_socket, method=route.method)
    covering = [(method, rule.kind) for method, rule in find_filters(ref.controller) if rule.covers(ref.action)]
    filters = [_build_filter(method, kind, host, registry) for method, kind in covering]
    method = getattr(ref.controller, ref.action)
    check_self(method, route.pattern)
    plan = build_plan(method, host, skip_first=True, registry=registry)
    if route.is_socket:
        call = _build_socket_call(filters, method, plan, is_method=True)
        return Endpoint(info, ref.controller, call, route.pattern.names)
    refuse_status_in_tuple(method)
    action = _build_step(method, plan, is_method=True)
    build, status = _choose_builder(method, route), route.status

    def respond(ctx: Controller, value: object) -> Response:
        return build(value) if value is not None else ctx.settle(status)

    call = _build_call(filters, action, respond)
    call, _ = rescue(call, find_rescues(ref.controller), respond, waits=inspect.iscoroutinefunction(call))
    return Endpoint(info, ref.controller, call, route.pattern.names, streams_content=_streams_content(plan))


def _build_socket_call(
    filters: Sequence[Step | Wrapper], function: Callable[..., Any], plan: Plan, *, is_method: bool
) -> Call:
    """What runs a WebSocket's handler: its response counts as long as the handshake is not answered."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise SignatureError(
            "a WebSocket's handler yields",
            where=describe_place(function),
            why="it has a socket to send by, and no response to be made of what it yields",
            fix="send each piece: await socket.send(...)",
        )
    step = _build_step(function, plan, is_method=is_method)
    has_socket = any(is_websocket(parameter) or takes_context(parameter) for parameter in plan.parameters)
    if not has_socket and not is_method and not plan.providers:  # a provider may have done it all
        raise SignatureError(
            "a WebSocket's handler takes no socket",
            where=describe_place(function),
            why="only by its socket can it accept, receive and send; without one every handshake is refused",
            fix="give it a parameter: socket: WebSocket",
        )
    if step.kind == "plain":
        raise SignatureError(
            "a WebSocket's handler is a plain def",
            where=describe_place(function),
            why="it lives as long as its socket, and a plain function would block everything else meanwhile",
            fix="write async def",
        )

    def respond(ctx: Any, value: object) -> Response:
        if value is not None:
            return build_response(value, 200)
        return getattr(ctx, "answer", None) or Response("403 Forbidden: the WebSocket was not accepted\n", 403)

    return _build_call(filters, step, respond)


def _choose_builder(function: Callable[..., Any], route: Route) -> Callable[[object], Response]:
    """What makes a response of a returned value: a stream of events, or by its type."""
    if _yields_events(function, route):
        keep_alive_s = KEEP_ALIVE_S if route.keep_alive_s is None else route.keep_alive_s
        return lambda value: build_events(value, keep_alive_s)
    status = route.status
    return lambda value: build_response(value, status)


def _yields_events(function: Callable[..., Any], route: Route) -> bool:
    """Whether the route is one of events, or the function says that it yields them: `-> AsyncIterator[Event]`."""
    if route.is_events:
        return True
    if not (inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)):
        return False
    try:
        returned = get_type_hints(function).get("return")
    except NameError:  # of a type that is imported for type checkers only
        return False
    return Event in get_args(returned)


def _streams_content(plan: Plan) -> bool:
    return any(is_content_stream(parameter) for parameter in plan.parameters)


def _build_filter(
    method: Callable[..., Any], kind: FilterKind, host: HttpHost, registry: Registry | None
) -> Step | Wrapper:
    check_self(method, host.pattern)
    if kind == "before":
        return _build_step(method, build_plan(method, host, skip_first=True, registry=registry), is_method=True)
    if kind == "around":
        check_around(method)
    return Wrapper(method, kind)


def _build_call(filters: Sequence[Step | Wrapper], action: Step, respond: Respond) -> Call:
    steps = [step for step in (*filters, action) if isinstance(step, Step)]
    needs_scope = any(step.needs_scope for step in steps)
    call, waits = _build_chain(filters, action, respond)
    if not needs_scope:
        return call
    return _with_waiting_scope(call) if waits else _with_scope(call)


def _build_chain(filters: Sequence[Step | Wrapper], action: Step, respond: Respond) -> tuple[Call, bool]:
    """Compose the filters of an action with it. Returns the whole, and whether it waits."""
    at = next((index for index, one in enumerate(filters) if isinstance(one, Wrapper)), None)
    if at is not None:  # what it stands around is to the filters before it what the action is to others
        wrapper = cast(Wrapper, filters[at])
        inner, inner_waits = _build_chain(filters[at + 1 :], action, respond)
        wrap = wrap_after if wrapper.kind == "after" else wrap_around
        invoke, waits = wrap(wrapper.method, cast(Any, inner), inner_waits=inner_waits)
        action = Step(invoke, "task" if waits else "plain", needs_scope=False)
    befores = [one for one in filters[:at] if isinstance(one, Step)]
    if any(step.kind == "task" for step in (*befores, action)):
        return _build_waiting_call(befores, action, respond), True
    return _build_plain_call(befores, action, respond), False


def _build_plain_call(filters: Sequence[Step], action: Step, respond: Respond) -> Call:
    before = tuple(_without_waiting(step) for step in filters)
    invoke = _without_waiting(action)

    def call(ctx: Any, scope: Scope = _NO_SCOPE) -> Response:
        for run in before:
            value = run(ctx, scope)
            if value is not None or ctx.answer is not None:
                ctx._halted = True
                return respond(ctx, value)
        return respond(ctx, invoke(ctx, scope))

    def call_alone(ctx: Any, scope: Scope = _NO_SCOPE) -> Response:
        return respond(ctx, invoke(ctx, scope))

    return call if before else call_alone


def _build_waiting_call(filters: Sequence[Step], action: Step, respond: Respond) -> Call:
    before = tuple((step.invoke, step.kind != "plain") for step in filters)
    invoke, action_waits = action.invoke, action.kind != "plain"

    async def call(ctx: Any, scope: Scope = _NO_SCOPE) -> Response:
        for run, waits in before:
            value = run(ctx, scope)
            if waits:
                value = await value
            if value is not None or ctx.answer is not None:
                ctx._halted = True
                return respond(ctx, value)
        value = invoke(ctx, scope)
        return respond(ctx, await value if action_waits else value)

    async def call_alone(ctx: Any, scope: Scope = _NO_SCOPE) -> Response:
        return respond(ctx, await invoke(ctx, scope))

    return call if before else call_alone


def _with_scope(call: Call) -> Call:
    run = cast(Callable[[Any, Scope], Response], call)

    def scoped(ctx: Any) -> Response:
        scope = Scope()
        try:
            response = run(ctx, scope)
        except BaseException as error:
            scope.close(error)
            raise
        if response.stream is not None:
            response.stream = name_after(_until_sent(response.stream, scope), response.stream)
        else:
            scope.close()
        return response

    return scoped


def _with_waiting_scope(call: Call) -> Call:
    run = cast(Callable[[Any, Scope], Awaitable[Response]], call)

    async def scoped(ctx: Any) -> Response:
        scope = Scope()
        try:
            response = await run(ctx, scope)
        except BaseException as error:
            await scope.aclose(error)
            raise
        if response.stream is not None:
            response.stream = name_after(_until_sent(response.stream, scope), response.stream)
        else:
            await scope.aclose()
        return response

    return scoped


async def _until_sent(stream: Streamable, scope: Scope) -> AsyncGenerator[Chunk, None]:
    """Keep what a streaming handler was given until it has ended."""
    try:
        async for chunk in iterate(stream):
            yield chunk
    except BaseException as error:
        await scope.aclose(error)
        raise
    await scope.aclose()


def _build_step(function: Callable[..., Any], plan: Plan, *, is_method: bool) -> Step:
    kind = find_kind(function)
    if plan.is_async:
        return Step(_invoke_filled_waiting(function, plan, is_method, waits=kind != "plain"), "task", True)
    if plan.needs_scope or plan.has_keywords:
        return Step(_invoke_filled(function, plan, is_method), kind, plan.needs_scope)
    return Step(_invoke_read(function, plan, is_method), kind, False)


def _invoke_read(function: Callable[..., Any], plan: Plan, is_method: bool) -> Invoke:
    """The usual case, without anything to decide per request."""
    read = plan.read
    if not plan.readers:
        return (lambda ctx, scope: function(ctx)) if is_method else (lambda ctx, scope: function())
    if is_method:
        return lambda ctx, scope: function(ctx, *read(ctx))
    return lambda ctx, scope: function(*read(ctx))


def _invoke_filled(function: Callable[..., Any], plan: Plan, is_method: bool) -> Invoke:
    def invoke(ctx: Any, scope: Scope) -> Any:
        positional, named = plan.arguments(ctx, scope)
        return function(ctx, *positional, **named) if is_method else function(*positional, **named)

    return invoke


def _invoke_filled_waiting(function: Callable[..., Any], plan: Plan, is_method: bool, *, waits: bool) -> Invoke:
    async def invoke(ctx: Any, scope: Scope) -> Any:
        positional, named = await plan.aarguments(ctx, scope)
        value = function(ctx, *positional, **named) if is_method else function(*positional, **named)
        return await value if waits else value

    return invoke


def _without_waiting(step: Step) -> Invoke:
    invoke = step.invoke
    return invoke if step.kind == "plain" else lambda ctx, scope: run_to_end(invoke(ctx, scope))


def _find_order(plan: Plan, pattern: Pattern) -> tuple[int, ...] | None:
    """The pattern's position for each argument, when the route tree already delivers all of them as they are wanted."""
    order: list[int] = []
    for parameter in plan.parameters:
        position = None if parameter.markers else find_position(pattern.parameters, parameter.name)
        if position is None or parameter.keyword_only:
            return None
        if not passes_unchanged(parameter, pattern.parameters[position].type):
            return None
        order.append(position)
    return tuple(order)
