"""Methods: how a channel's method is called, decided once when the application starts.

Rules of this file:
- A call gives the value at once, or a coroutine when the method, or a provider that it asks for, may wait. Which of
  them it is doesn't change from call to call.
- Providers live as long as one call: they are torn down before the reply is sent.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from spica.channels.binding import Call, ChannelHost
from spica.channels.handlers import check_function, check_self
from spica.injection.plan import Plan, build_plan
from spica.injection.registry import Registry
from spica.injection.scope import Scope
from spica.injection.waiting import find_kind, run_to_end
from spica.pubsub.event import Event


class ChannelMethod:
    """One method, ready to be called.

    `call` takes a Call, and gives a coroutine where the method `waits`; `function` is the method itself, which errors
    name; `replies`: whether the client is told that it has run.
    """

    __slots__ = ("call", "function", "replies", "waits")

    def __init__(
        self, function: Callable[..., Any], call: Callable[[Call], Any], *, waits: bool, replies: bool
    ) -> None:
        self.function = function
        self.call = call
        self.waits = waits
        self.replies = replies


def build_method(
    function: Callable[..., Any], host: ChannelHost, registry: Registry | None, *, replies: bool = True
) -> ChannelMethod:
    """Compile a method whose arguments come from the topic, the payload and providers.

    Raises: SignatureError when a parameter can't be filled; InvalidHandler when it is no method, has no `self`, or
            yields.
    """
    check_function(function, f"the method {getattr(function, '__name__', function)}")
    check_self(function)
    plan = build_plan(function, host, skip_first=True, registry=registry)
    kind = find_kind(function)
    if plan.is_async:
        return ChannelMethod(
            function, _call_with_providers(function, plan, waits=kind != "plain"), waits=True, replies=replies
        )
    waits = kind == "task"
    if plan.needs_scope:
        call = _call_in_scope_waiting(function, plan) if waits else _call_in_scope(function, plan, ends=kind == "step")
    else:
        call = _call_read(function, plan, ends=kind == "step")
    return ChannelMethod(function, call, waits=waits, replies=replies)


def build_listener(function: Callable[..., Any]) -> ChannelMethod:
    """Compile a method that is called with what the server sends: an Event by that type, else its payload.

    Its `call` takes a `Call` whose payload is the event, or the arguments of `send_after`.
    """
    check_function(function, f"the method {getattr(function, '__name__', function)}")
    check_self(function)
    kind = find_kind(function)
    found = list(inspect.signature(function).parameters.values())[1:]
    wants_event = bool(found) and found[0].annotation in (Event, "Event", "pubsub.Event")
    wants_nothing = not found
    ends = kind == "step"

    def call(call: Call) -> Any:
        given = call.payload
        if isinstance(given, Event):
            if wants_nothing:
                value = function(call.channel)
            else:
                value = function(call.channel, given if wants_event else given.payload)
        else:
            positional, named = given
            value = function(call.channel, *positional, **named)
        return run_to_end(value) if ends else value

    return ChannelMethod(function, call, waits=kind == "task", replies=False)


def _call_read(function: Callable[..., Any], plan: Plan, *, ends: bool) -> Callable[[Call], Any]:
    read, split, has_keywords = plan.read, plan.split, plan.has_keywords

    def call(call: Call) -> Any:
        values = read(call)
        if has_keywords:
            positional, named = split(values)
            value = function(call.channel, *positional, **named)
        else:
            value = function(call.channel, *values)
        return run_to_end(value) if ends else value

    return call


def _call_in_scope(function: Callable[..., Any], plan: Plan, *, ends: bool) -> Callable[[Call], Any]:
    def call(call: Call) -> Any:
        scope = Scope()
        try:
            positional, named = plan.arguments(call, scope)
            value = function(call.channel, *positional, **named)
            if ends:
                value = run_to_end(value)
        except BaseException as error:
            scope.close(error)
            raise
        scope.close()
        return value

    return call


def _call_in_scope_waiting(function: Callable[..., Any], plan: Plan) -> Callable[[Call], Any]:
    async def call(call: Call) -> Any:
        scope = Scope()
        try:
            positional, named = plan.arguments(call, scope)
            value = await function(call.channel, *positional, **named)
        except BaseException as error:
            scope.close(error)
            raise
        scope.close()
        return value

    return call


def _call_with_providers(function: Callable[..., Any], plan: Plan, *, waits: bool) -> Callable[[Call], Any]:
    async def call(call: Call) -> Any:
        scope = Scope()
        try:
            positional, named = await plan.aarguments(call, scope)
            value = function(call.channel, *positional, **named)
            if waits:
                value = await value
        except BaseException as error:
            await scope.aclose(error)
            raise
        await scope.aclose()
        return value

    return call
