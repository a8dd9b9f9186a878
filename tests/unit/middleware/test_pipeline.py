"""spica.middleware.pipeline: order, halting, exceptions, plain and async."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware, PlainAroundAsync
from spica.middleware.pipeline import Middleware, check_middleware, compose


class Trace:
    """Stands for a context: collects what ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []


class Hooks(Middleware):
    """before and after, with a name, that may halt or raise."""

    def __init__(self, name: str, *, halt: bool = False, fail: str = "") -> None:
        self.name, self.halt, self.fail = name, halt, fail

    def before(self, ctx: Trace) -> Response | None:
        ctx.ran.append(f"before {self.name}")
        if self.fail == "before":
            raise RuntimeError(f"before {self.name}")
        return Response.text(f"halted by {self.name}") if self.halt else None

    def after(self, ctx: Trace, response: Response) -> None:
        ctx.ran.append(f"after {self.name}")
        if self.fail == "after":
            raise RuntimeError(f"after {self.name}")


class AsyncHooks(Hooks):
    """The same as async def."""

    async def before(self, ctx: Trace) -> Response | None:
        await asyncio.sleep(0)
        return super().before(ctx)

    async def after(self, ctx: Trace, response: Response) -> None:
        await asyncio.sleep(0)
        super().after(ctx, response)


class Around(Middleware):
    def __init__(self, name: str) -> None:
        self.name = name

    async def around(self, ctx: Trace, next: Callable[[Any], Any]) -> Response:
        ctx.ran.append(f"into {self.name}")
        try:
            response: Response = await next(ctx)
            return response
        finally:
            ctx.ran.append(f"out of {self.name}")


class PlainAround(Middleware):
    def __init__(self, name: str) -> None:
        self.name = name

    def around(self, ctx: Trace, next: Callable[[Any], Any]) -> Response:
        ctx.ran.append(f"into {self.name}")
        response: Response = next(ctx)
        ctx.ran.append(f"out of {self.name}")
        return response


def endpoint(ctx: Trace) -> Response:
    ctx.ran.append("endpoint")
    return Response.text("endpoint")


async def async_endpoint(ctx: Trace) -> Response:
    await asyncio.sleep(0)
    return endpoint(ctx)


def failing(ctx: Trace) -> Response:
    raise RuntimeError("endpoint")


def answer(ctx: Any, error: Exception) -> Response:
    return Response.text(f"error: {error}", status=500)


def run(function: Callable[[Any], Any]) -> tuple[str, list[str]]:
    ctx = Trace()
    result = function(ctx)
    response = asyncio.run(_await(result)) if inspect.isawaitable(result) else result
    return response.body.decode(), ctx.ran


async def _await(awaitable: Any) -> Any:
    return await awaitable


@pytest.mark.parametrize("make", [Hooks, AsyncHooks])
@pytest.mark.parametrize("end", [endpoint, async_endpoint])
def test_before_in_order_and_after_in_reverse(make: type[Hooks], end: Callable[[Any], Any]) -> None:
    body, ran = run(compose([make("a"), make("b")], end))
    assert body == "endpoint"
    assert ran == ["before a", "before b", "endpoint", "after b", "after a"]


@pytest.mark.parametrize("make", [Hooks, AsyncHooks])
def test_a_halting_before_skips_what_follows_and_runs_the_afters_it_reached(make: type[Hooks]) -> None:
    body, ran = run(compose([make("a"), make("b", halt=True), make("c")], endpoint))
    assert body == "halted by b"
    assert ran == ["before a", "before b", "after b", "after a"]


@pytest.mark.parametrize("make", [Hooks, AsyncHooks])
@pytest.mark.parametrize(
    ("chain", "end", "body", "ran"),
    [
        (["a", "b"], failing, "error: endpoint", ["before a", "before b", "after b", "after a"]),
        (["a", "b!before"], endpoint, "error: before b", ["before a", "before b", "after b", "after a"]),
        (["a", "b!after"], endpoint, "error: after b", ["before a", "before b", "endpoint", "after b", "after a"]),
        (["a!before", "b"], endpoint, "error: before a", ["before a", "after a"]),
        (
            ["a!after", "b!after"],
            endpoint,
            "error: after a",
            ["before a", "before b", "endpoint", "after b", "after a"],
        ),
    ],
)
def test_an_exception_is_answered_and_the_remaining_afters_run(
    make: type[Hooks], chain: list[str], end: Callable[[Any], Any], body: str, ran: list[str]
) -> None:
    middleware = [make(name, fail=fail) for name, _, fail in (item.partition("!") for item in chain)]
    assert run(compose(middleware, end, on_error=answer)) == (body, ran)


@pytest.mark.parametrize("make", [Hooks, AsyncHooks])
@pytest.mark.parametrize("fail", ["before", "after"])
def test_without_on_error_an_exception_goes_to_the_caller(make: type[Hooks], fail: str) -> None:
    with pytest.raises(RuntimeError, match=f"{fail} a"):
        run(compose([make("a", fail=fail)], endpoint))
    with pytest.raises(RuntimeError, match="endpoint"):
        run(compose([make("a")], failing))


def test_around_encloses_what_follows() -> None:
    _, ran = run(compose([Hooks("a"), Around("x"), Hooks("b"), PlainAround("y")], endpoint))
    assert ran == ["before a", "into x", "before b", "into y", "endpoint", "out of y", "after b", "out of x", "after a"]


def test_an_around_next_to_the_handler_sees_its_exception() -> None:
    class Rescue(Middleware):
        async def around(self, ctx: Trace, next: Callable[[Any], Any]) -> Response:
            try:
                response: Response = await next(ctx)
            except RuntimeError as error:
                return Response.text(f"rescued {error}")
            return response

    assert run(compose([Hooks("a"), Rescue()], failing, on_error=answer))[0] == "rescued endpoint"


def test_a_chain_of_plain_functions_is_plain() -> None:
    assert not inspect.iscoroutinefunction(compose([Hooks("a"), PlainAround("x"), Hooks("b")], endpoint))
    for chain, end in (
        ([AsyncHooks("a")], endpoint),
        ([Around("x")], endpoint),
        ([Hooks("a")], async_endpoint),
        ([], async_endpoint),
    ):
        assert inspect.iscoroutinefunction(compose(chain, end))  # type: ignore[arg-type]


def test_an_endpoint_may_be_an_object_with_an_async_call() -> None:
    class Endpoint:
        async def __call__(self, ctx: Trace) -> Response:
            return endpoint(ctx)

    assert run(compose([Hooks("a")], Endpoint()))[1] == ["before a", "endpoint", "after a"]


def test_without_hooks_the_endpoint_itself_is_the_chain() -> None:
    assert compose([], endpoint) is endpoint


def test_after_may_replace_the_response() -> None:
    class Replace(Middleware):
        def after(self, ctx: Trace, response: Response) -> Response:
            return Response.text(response.body.decode() + "!")

    assert run(compose([Replace(), Hooks("a"), Replace()], endpoint))[0] == "endpoint!!"


def test_a_plain_around_over_something_async_is_a_boot_error() -> None:
    for inner in ([PlainAround("x"), AsyncHooks("a")], [PlainAround("x"), Around("y")]):
        with pytest.raises(PlainAroundAsync, match=r"PlainAround\.around is a plain def"):
            compose(inner, endpoint)
    with pytest.raises(PlainAroundAsync):
        compose([PlainAround("x")], async_endpoint)


def test_what_is_no_middleware_is_refused() -> None:
    class Nothing(Middleware):
        """No hook."""

    class Both(Middleware):
        def before(self, ctx: Any) -> None: ...
        def around(self, ctx: Any, next: Any) -> Any: ...

    for candidate, words in (
        (object(), "is not middleware"),
        (Nothing, "has no hook"),
        (Both, "has around and before"),
    ):
        with pytest.raises(InvalidMiddleware, match=words):
            check_middleware(candidate)


def expected_trace(chain: list[tuple[str, bool, bool]]) -> list[str]:
    """The rules of the module, told as recursion: what a chain of (name, halts, is_around) does."""
    if not chain:
        return ["endpoint"]
    (name, halts, is_around), *rest = chain
    if is_around:
        return [f"into {name}", *expected_trace(rest), f"out of {name}"]
    return [f"before {name}", *([] if halts else expected_trace(rest)), f"after {name}"]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=6), st.booleans())
def test_any_chain_runs_like_the_rules_say(kinds: list[tuple[bool, bool, bool]], waits: bool) -> None:
    chain: list[Middleware] = []
    for index, (is_around, halts, is_async) in enumerate(kinds):
        name = str(index)
        hooks = AsyncHooks if is_async else Hooks
        chain.append(Around(name) if is_around else hooks(name, halt=halts))
    _, ran = run(compose(chain, async_endpoint if waits else endpoint))
    assert ran == expected_trace([(str(i), halts, is_around) for i, (is_around, halts, _) in enumerate(kinds)])


# What is no response


class SaysText(Middleware):
    def before(self, ctx: Trace) -> Any:
        return "no"


class RepliesText(Middleware):
    def after(self, ctx: Trace, response: Response) -> Any:
        return "no"


class Forgets(Middleware):
    async def around(self, ctx: Trace, next: Any) -> Any:
        await next(ctx)


class ForgetsPlainly(Middleware):
    def around(self, ctx: Trace, next: Any) -> Any:
        next(ctx)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    ("middleware", "what", "fix"),
    [
        (SaysText(), "SaysText.before returned a str", "return Response.text(...) or Response.ok(...)"),
        (RepliesText(), "RepliesText.after returned a str", "return Response.text(...) or Response.ok(...)"),
        (Forgets(), "Forgets.around returned nothing", "response = await next(ctx), and return it"),
        (ForgetsPlainly(), "ForgetsPlainly.around returned nothing", "response = await next(ctx), and return it"),
    ],
)
def test_what_is_no_response_is_refused_by_name(middleware: Middleware, what: str, fix: str, waits: bool) -> None:
    inner = async_endpoint if waits and not isinstance(middleware, ForgetsPlainly) else endpoint
    with pytest.raises(InvalidMiddleware) as caught:
        run(compose([middleware], inner))
    assert (caught.value.what, caught.value.fix) == (what, fix)
    assert "test_pipeline.py:" in caught.value.where


class HasPartial(Middleware):
    def __init__(self) -> None:
        self.before = functools.partial(lambda text, ctx: text, "no")  # type: ignore[method-assign, assignment]

    def before(self, ctx: Trace) -> Any: ...


def test_a_hook_without_a_name_of_its_own_is_told_as_well() -> None:
    with pytest.raises(InvalidMiddleware, match=r"functools\.partial.* returned a str"):
        run(compose([HasPartial()], endpoint))


class Compiled(Middleware, dict):  # type: ignore[type-arg]
    """A class of which Python can't tell the parameters."""

    def before(self, ctx: Trace) -> None: ...


def test_a_class_whose_parameters_nobody_knows_is_made() -> None:
    with pytest.raises(ValueError, match="no signature found"):
        inspect.signature(Compiled)
    assert isinstance(check_middleware(Compiled), Compiled)


class NeedsOptions(Middleware):
    def __init__(self, origins: list[str], *, limit: int, name: str = "") -> None: ...

    def before(self, ctx: Trace) -> None: ...


class OfAsgi:
    def __init__(self, app: Any) -> None: ...

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


def test_a_class_that_needs_options_or_a_wrapper_says_so() -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        check_middleware(NeedsOptions)
    assert caught.value.fix == "give it what it needs: NeedsOptions(origins=..., limit=...)"
    with pytest.raises(InvalidMiddleware) as foreign:
        check_middleware(OfAsgi)
    assert foreign.value.fix == "is it ASGI middleware? p.use(m.Asgi(OfAsgi, option=...))"
