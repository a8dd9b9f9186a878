"""What stands around an action: `@after`, `@around` and `@rescue_from`, composed once at boot.

Rules of this file:
- What is plain stays plain: no coroutine is made for an action whose filters and itself never wait.
- An `@after` sees the response of an action that ran: not that of a filter which ended the request, and no exception.
- `@rescue_from` stands outermost, when the providers of the request have seen the exception and are closed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from spica.controllers.errors import FilterError
from spica.http.response import Response
from spica.injection.signature import describe_place
from spica.injection.waiting import find_kind, run_to_end

Inner: TypeAlias = Callable[[Any, Any], Any]
Respond: TypeAlias = Callable[[Any, object], Response]
Method: TypeAlias = Callable[..., Any]


class Rescue(NamedTuple):
    """A method that answers exceptions of some classes."""

    method: Method
    kinds: tuple[type[Exception], ...]


def wrap_after(method: Method, inner: Inner, *, inner_waits: bool) -> tuple[Inner, bool]:
    """Run a method with the response of what it stands around. Returns the whole, and whether it waits."""
    call = _take(method, "response")
    waits = find_kind(method) != "plain"
    if not inner_waits and find_kind(method) != "task":
        finish = (lambda ctx, response: run_to_end(call(ctx, response))) if waits else call

        def run(ctx: Any, scope: Any) -> Any:
            response = inner(ctx, scope)
            return response if ctx._halted else _replaced(response, finish(ctx, response))

        return run, False

    async def run_waiting(ctx: Any, scope: Any) -> Any:
        response = await inner(ctx, scope) if inner_waits else inner(ctx, scope)
        if ctx._halted:
            return response
        replacement = call(ctx, response)
        return _replaced(response, await replacement if waits else replacement)

    return run_waiting, True


def wrap_around(method: Method, inner: Inner, *, inner_waits: bool) -> tuple[Inner, bool]:
    """Run a method that calls `next()` for the response of what it stands around.

    Returns: the whole, and whether it waits.

    Raises:  FilterError for a plain method around something that waits.
    """
    if find_kind(method) == "plain":
        if inner_waits:
            raise FilterError(
                f"the filter {method.__name__} is a plain def, and what it stands around is async",
                where=describe_place(method),
                why="next() gives an awaitable there, and a plain function can't wait for it",
                fix=f"async def {method.__name__}(self, next): response = await next()",
            )
        return (lambda ctx, scope: method(ctx, lambda: inner(ctx, scope))), False

    async def following(ctx: Any, scope: Any) -> Any:
        response = inner(ctx, scope)
        return await response if inner_waits else response

    async def run(ctx: Any, scope: Any) -> Any:
        return await method(ctx, lambda: following(ctx, scope))

    return run, True


def rescue(
    call: Callable[[Any], Any], rescues: Sequence[Rescue], respond: Respond, *, waits: bool
) -> tuple[Callable[[Any], Any], bool]:
    """Answer exceptions by the methods that are marked for them. Returns the whole, and whether it waits."""
    if not rescues:
        return call, waits
    methods = [
        (kind, _take(found.method, "error"), find_kind(found.method)) for found in rescues for kind in found.kinds
    ]

    def find(error: Exception) -> tuple[Method, str]:
        for base in type(error).__mro__:
            for kind, method, how in methods:
                if kind is base:
                    return method, how
        raise error

    def settle(ctx: Any, value: object, error: Exception) -> Response:
        if value is None and ctx.answer is None:
            raise error
        return respond(ctx, value)

    if not waits and all(how != "task" for _, _, how in methods):

        def run(ctx: Any) -> Any:
            try:
                return call(ctx)
            except Exception as error:
                method, how = find(error)
                ctx.answer = None
                value = method(ctx, error)
                return settle(ctx, run_to_end(value) if how == "step" else value, error)

        return run, False

    async def run_waiting(ctx: Any) -> Any:
        try:
            response = call(ctx)
            return await response if waits else response
        except Exception as error:
            method, how = find(error)
            ctx.answer = None
            value = method(ctx, error)
            return settle(ctx, await value if how != "plain" else value, error)

    return run_waiting, True


def check_around(method: Method) -> None:
    """Refuse an `@around` that can't be given `next`. Raises FilterError."""
    if _count_parameters(method) != 1:
        raise FilterError(
            f"the filter {method.__name__} takes {_count_parameters(method)} parameters",
            where=describe_place(method),
            why="it stands around the action, and is given what runs it",
            fix=f"async def {method.__name__}(self, next): return await next()",
        )


def _take(method: Method, what: str) -> Callable[[Any, Any], Any]:
    """The method as a function of the controller and one value, which it may leave out of its parameters."""
    count = _count_parameters(method)
    if count == 0:
        return lambda ctx, value: method(ctx)
    if count == 1:
        return method
    raise FilterError(
        f"{method.__name__} takes {count} parameters",
        where=describe_place(method),
        why=f"it is given the {what}, and nothing else",
        fix=f"def {method.__name__}(self, {what}):",
    )


def _count_parameters(method: Method) -> int:
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return sum(parameter.default is inspect.Parameter.empty for parameter in parameters)


def _replaced(response: Response, value: object) -> Response:
    return value if isinstance(value, Response) else response
