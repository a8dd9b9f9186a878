"""Middleware and how a chain of it becomes one function, once, at boot.

Order: `before` hooks run in the order of declaration, `after` hooks in reverse; `around` encloses all that follows it.

Rules:
- A `before` that returns a response halts: what follows doesn't run. The `after` of every middleware that was reached,
  the halting one included, runs, so that a session is saved and headers are set on the refusal too.
- An exception becomes a response at the first middleware with a `before` or `after` it meets on its way out (by
  `on_error`), and the remaining `after` hooks see that response. An `around` nearer to the handler sees the exception.
- A chain in which everything is plain `def` composes to a plain function: no coroutine is made for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeAlias

from spica.config.settings import Settings
from spica.http.context import Context
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware, PlainAroundAsync
from spica.routing.location import locate_callable

Endpoint = Callable[[Any], Any]
"""Takes a context and returns a Response, or an awaitable of one."""
Readers: TypeAlias = tuple[list[str], list[tuple[str, str]], str, bool]
"""Whole origins; what stands around the star of others; the fields they may read; whether they send credentials."""
OnError = Callable[[Any, Exception], Response]

_Before = tuple[Callable[[Any], Any], bool, int]
_After = tuple[Callable[[Any, Response], Any], bool]


_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_HOOKS_OF_TWO = {"response": "after", "next": "around"}


class Middleware:
    """Base of all middleware: write `before(self, ctx)` and `after(self, ctx, response)`, or `around(self, ctx, next)`.

    `before` returns a Response to halt, None to go on. `after` may return another response, None keeps the one it got.
    `around` awaits `next(ctx)` for the response. Each may be `async def` or plain `def`.
    """

    before: Any = None
    after: Any = None
    around: Any = None

    static_fields: tuple[tuple[str, str], ...] = ()
    """Fields this middleware wants on every response, the same each time."""

    readers: Readers | None = None
    """Whose scripts may read public files, where that depends on who asks; looked at in the common part alone."""

    spares_vital: ClassVar[bool] = False
    """Whether routes marked vital, such as health checks, go without it."""

    gives_session: ClassVar[bool] = False
    """Whether what comes behind it finds `ctx.session`."""

    needs_session: ClassVar[bool] = False
    """Whether it can't work without a middleware before it that gives one."""

    declares_only: ClassVar[bool] = False
    """Whether it has no hooks: the app reads what it says when routes are put together."""

    only_static: ClassVar[bool] = False
    """Whether adding `static_fields` is all that it does; the app then gives them to the core and leaves it out."""

    refuses: tuple[int, ...] = ()
    """The statuses that it answers with by itself, for API documents."""

    def bind(self, settings: Settings) -> None:
        """Take what it needs from the configuration; called once at boot, before requests."""


def raise_again(ctx: Any, error: Exception) -> Response:
    """The `on_error` of a chain without one: the exception goes on to the caller."""
    raise error


def compose(middleware: Sequence[Middleware], endpoint: Endpoint, *, on_error: OnError = raise_again) -> Endpoint:
    """Compose a chain and what it leads to into one function of a context.

    Args:    middleware: from the outermost to the innermost; endpoint: plain or async, returns a Response;
             on_error: makes the response of an exception, must not raise except to pass the exception on.
    Returns: a plain function when everything is plain, else an async function.
    Raises:  InvalidMiddleware for something without hooks; PlainAroundAsync.
    """
    composed = endpoint
    for kind, segment in reversed(list(_segments(middleware))):
        enclosing = kind == "around"
        composed = _enclose(segment[0], composed) if enclosing else _flatten(segment, composed, on_error)
    return composed


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether calling this gives an awaitable: an async function or method, or an object whose call is one."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - the method itself is examined


class FunctionMiddleware(Middleware):
    """A function as middleware, by the names of its parameters: `(ctx)`, `(ctx, response)` or `(ctx, next)`.

    Args:    function: plain or async; it is the hook `before`, `after` or `around`.
    Raises:  InvalidMiddleware for other parameters.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        names = list(inspect.signature(function).parameters)
        hook = (
            {1: "before", 2: {"response": "after", "next": "around"}.get(names[-1])}.get(len(names)) if names else None
        )
        if not isinstance(hook, str):
            raise InvalidMiddleware(
                f"the function {function.__qualname__}({', '.join(names)}) is no middleware",
                why="by its parameters it is one of before(ctx), after(ctx, response) and around(ctx, next)",
                fix="async def timing(ctx, next): return await next(ctx)",
            )
        setattr(self, hook, function)

    def __repr__(self) -> str:
        return f"FunctionMiddleware({self.function.__qualname__})"


def check_middleware(candidate: object) -> Middleware:
    """Return middleware as an instance; a class is called without arguments, a function wrapped.

    Raises: InvalidMiddleware.
    """
    made = _make(candidate) if isinstance(candidate, type) and issubclass(candidate, Middleware) else candidate
    if inspect.isfunction(made):
        made = FunctionMiddleware(made)
    if not isinstance(made, Middleware):
        raise InvalidMiddleware(
            f"{candidate!r} is not middleware",
            why="a pipeline is made of subclasses of Middleware, or instances of them",
            fix=_fix_foreign(candidate),
        )
    hooks = [name for name in ("before", "after", "around") if getattr(made, name) is not None]
    if not hooks and not made.static_fields and not made.only_static and not made.declares_only:
        raise InvalidMiddleware(
            f"{type(made).__name__} has no hook", fix="write a method before, after or around; did you misspell it?"
        )
    if "around" in hooks and len(hooks) > 1:
        raise InvalidMiddleware(
            f"{type(made).__name__} has around and {hooks[0]}",
            why="around is the general form; beside it the order of the others would be anyone's guess",
            fix="do all of it in around, or split it into two classes",
        )
    return made


def _fix_foreign(candidate: object) -> str:
    if isinstance(candidate, type) and any("__call__" in vars(kind) for kind in candidate.__mro__):
        return f"is it ASGI middleware? p.use(m.Asgi({candidate.__name__}, option=...))"
    return "class RequireAuth(Middleware): with a method before, after or around"


def _make(kind: type[Middleware]) -> Middleware:
    try:
        inspect.signature(kind).bind()
    except ValueError:  # compiled, and says nothing of its parameters
        return kind()
    except TypeError as error:
        raise InvalidMiddleware(
            f"{kind.__name__} can't be used without options: {error}",
            fix=f"give it what it needs: {kind.__name__}({', '.join(_required(kind))})",
        ) from None
    return kind()


def _required(kind: type[Middleware]) -> list[str]:
    parameters = inspect.signature(kind).parameters.values()
    return [f"{one.name}=..." for one in parameters if one.default is one.empty and one.kind not in _ANY_NUMBER]


def _no_response(hook: Callable[..., Any], response: Any) -> InvalidMiddleware:
    """What tells that a hook returned no response, where it is known whose it is."""
    name = getattr(hook, "__qualname__", repr(hook))
    return InvalidMiddleware(
        f"{name} returned {'nothing' if response is None else f'a {type(response).__name__}'}",
        where=str(locate_callable(hook) or ""),
        why="an around returns the response"
        if getattr(hook, "__name__", "") == "around"
        else "a hook returns a Response, or None to go on",
        fix="response = await next(ctx), and return it"
        if response is None
        else "return Response.text(...) or Response.ok(...)",
    )


def without_declarations(middleware: Sequence[Middleware]) -> list[Middleware]:
    """Leave out what has no hooks and is only read when routes are put together."""
    return [one for one in middleware if not one.declares_only]


def _segments(middleware: Sequence[Middleware]) -> Iterator[tuple[str, list[Middleware]]]:
    """Split a chain into runs of before/after middleware and single arounds."""
    run: list[Middleware] = []
    for one in middleware:
        if one.around is None:
            run.append(one)
            continue
        if run:
            yield "run", run
        run = []
        yield "around", [one]
    if run:
        yield "run", run


def _flatten(segment: list[Middleware], inner: Endpoint, on_error: OnError) -> Endpoint:
    """Compose a run of before/after hooks into one function with two loops."""
    with_after = [one for one in segment if one.after is not None]
    afters: list[_After] = [(one.after, is_async(one.after)) for one in reversed(with_after)]
    befores: list[_Before] = []
    reached = 0
    for one in segment:
        reached += one.after is not None
        if one.before is not None:
            befores.append((one.before, is_async(one.before), len(with_after) - reached))
    if not befores and not afters:
        return inner
    if any(waits for _, waits, _ in befores) or any(waits for _, waits in afters) or is_async(inner):
        return _flatten_async(tuple(befores), tuple(afters), inner, on_error)
    return _flatten_plain(tuple(befores), tuple(afters), inner, on_error)


def _flatten_plain(
    befores: tuple[_Before, ...], afters: tuple[_After, ...], inner: Endpoint, on_error: OnError
) -> Endpoint:
    before_hooks = tuple((hook, first) for hook, _, first in befores)
    after_hooks = tuple(hook for hook, _ in afters)

    def run(ctx: Any) -> Response:
        first = 0  # the first `after` to run: 0 is the innermost
        try:
            for before, first in before_hooks:  # noqa: B007 - read after the loop: how far it came
                response = before(ctx)
                if response is not None:
                    if not isinstance(response, Response):
                        raise _no_response(before, response)
                    break
            else:
                first = 0
                response = inner(ctx)
        except Exception as error:
            response = on_error(ctx, error)
        remaining = iter(after_hooks[first:])
        while True:
            try:
                for after in remaining:
                    replaced = after(ctx, response)
                    if replaced is not None:
                        if not isinstance(replaced, Response):
                            raise _no_response(after, replaced)
                        response = replaced
                return response  # type: ignore[no-any-return] # what the endpoint returns is a Response
            except Exception as error:
                response = on_error(ctx, error)

    return run


def _flatten_async(
    befores: tuple[_Before, ...], afters: tuple[_After, ...], inner: Endpoint, on_error: OnError
) -> Endpoint:
    inner_waits = is_async(inner)

    async def run(ctx: Any) -> Response:
        first = 0
        try:
            for before, waits, first in befores:  # noqa: B007 - read after the loop: how far it came
                response = await before(ctx) if waits else before(ctx)
                if response is not None:
                    if not isinstance(response, Response):
                        raise _no_response(before, response)
                    break
            else:
                first = 0
                response = await inner(ctx) if inner_waits else inner(ctx)
        except Exception as error:
            response = on_error(ctx, error)
        remaining = iter(afters[first:])
        while True:
            try:
                for after, waits in remaining:
                    replaced = await after(ctx, response) if waits else after(ctx, response)
                    if replaced is not None:
                        if not isinstance(replaced, Response):
                            raise _no_response(after, replaced)
                        response = replaced
                return response  # type: ignore[no-any-return] # what the endpoint returns is a Response
            except Exception as error:
                response = on_error(ctx, error)

    return run


def _enclose(one: Middleware, inner: Endpoint) -> Endpoint:
    around = one.around
    if is_async(around):
        following = inner if is_async(inner) else _as_async(inner)

        async def run(ctx: Any) -> Response:
            response = await around(ctx, following)
            if isinstance(response, Response):
                return response
            raise _no_response(around, response)

        return run
    if is_async(inner):
        raise PlainAroundAsync(
            f"{type(one).__name__}.around is a plain def, and what it encloses is async",
            why="next(ctx) gives a coroutine there, and a plain function can't wait for it",
            fix="async def around(self, ctx, next): response = await next(ctx)",
        )

    def run_plain(ctx: Any) -> Response:
        response = around(ctx, inner)
        if isinstance(response, Response):
            return response
        raise _no_response(around, response)

    return run_plain


def _as_async(function: Endpoint) -> Callable[[Any], Awaitable[Any]]:
    async def run(ctx: Context) -> Any:
        return function(ctx)

    return run
