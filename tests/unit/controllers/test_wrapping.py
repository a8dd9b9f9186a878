"""What stands around actions: `@after`, `@around`, `skip_before` and `@rescue_from`, plain and waiting alike."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import pytest

from spica.controllers.controller import Controller
from spica.controllers.errors import FilterError
from spica.controllers.filters import after, around, before, check_filters, find_filters, rescue_from, skip_before
from spica.controllers.lookup import list_actions
from spica.http.response import Response
from spica.injection.providers import Provide
from tests.unit.controllers.test_action import answer, compiled

seen: list[str] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


Next = Callable[[], Awaitable[Response]]


class Waiting(Controller):
    @before
    async def first(self) -> None:
        seen.append("first")

    @around
    async def timed(self, next: Next) -> Response:
        seen.append("in")
        response = await next()
        seen.append("out")
        return response.with_header("x-timed", "yes")

    @after
    def log(self, response: Response) -> None:
        seen.append(f"log {response.status}")

    @before(except_="open")
    async def guard(self, halt: bool = False) -> Response | None:
        await asyncio.sleep(0)
        seen.append("guard")
        return self.head(403) if halt else None

    @after
    async def replace(self, response: Response) -> Response | None:
        await asyncio.sleep(0)
        seen.append("replace")
        return self.text("replaced") if response.body == b"replace me" else None

    async def show(self) -> str:
        seen.append("show")
        return "replace me" if self.params.get("replace") else "shown"

    def open(self) -> str:
        return "open"


class Plain(Controller):
    @after
    def last(self) -> None:
        seen.append("last")

    @around
    def timed(self, next: Callable[[], Response]) -> Response:
        return next().with_header("x-timed", "yes")

    @after
    def not_last(self) -> None:
        seen.append("not last")

    @before
    def guard(self, halt: bool = False) -> Response | None:
        return self.head(403) if halt else None

    def show(self) -> str:
        seen.append("show")
        return "shown"


async def test_the_order_is_that_of_the_declaration_and_back() -> None:
    response = await answer(compiled(Waiting, "show"))
    assert (response.body, response.header("x-timed")) == (b"shown", "yes")
    assert seen == ["first", "in", "guard", "show", "replace", "log 200", "out"]


async def test_what_an_after_returns_is_the_response() -> None:
    assert (await answer(compiled(Waiting, "show"), "/?replace=1")).body == b"replaced"


@pytest.mark.parametrize("controller", [Waiting, Plain])
async def test_a_halted_request_has_no_after(controller: type[Controller]) -> None:
    response = await answer(compiled(controller, "show"), "/?halt=1")
    assert (response.status, response.header("x-timed")) == (403, "yes"), "what stands around sees it"
    assert seen in (["first", "in", "guard", "out"], [])


async def test_plain_filters_stay_plain() -> None:
    endpoint = compiled(Plain, "show")
    assert not inspect.iscoroutinefunction(endpoint.call)
    assert (await answer(endpoint)).header("x-timed") == "yes"
    assert seen == ["show", "not last", "last"]


def test_a_plain_around_can_not_wait() -> None:
    class Wrong(Plain):
        async def show(self) -> str:  # type: ignore[override]
            await asyncio.sleep(0)
            return ""

    with pytest.raises(FilterError, match="timed is a plain def"):
        compiled(Wrong, "show")


def test_what_filters_may_take() -> None:
    class TooMany(Controller):
        @after
        def log(self, response: Response, id: int) -> None: ...
        def show(self) -> None: ...

    class TooFew(Controller):
        @around
        async def timed(self) -> None: ...
        def show(self) -> None: ...

    for controller in (TooMany, TooFew):
        with pytest.raises(FilterError, match="parameters"):
            compiled(controller, "show")


class Open(Waiting):
    skip_before("guard", only=["show"])
    skip_before("first")


class Opener(Open):
    skip_before("guard")


async def test_skipping() -> None:
    assert (await answer(compiled(Open, "show"), "/?halt=1")).body == b"shown"
    assert "first" not in seen
    covered = [method.__name__ for method, rule in find_filters(Opener) if rule.covers("open")]
    assert covered == ["timed", "log", "replace"]
    assert [m.__name__ for m, rule in find_filters(Waiting) if rule.covers("open")] == ["first", *covered]


def test_skipping_what_is_no_filter() -> None:
    class Wrong(Waiting):
        skip_before("gaurd")

    with pytest.raises(FilterError) as caught:
        check_filters(Wrong, list_actions(Wrong))
    assert "did you mean 'guard'?" in caught.value.fix
    assert "test_wrapping.py:" in caught.value.where

    class After(Waiting):
        skip_before("log")

    with pytest.raises(FilterError, match="no filter of After"):
        check_filters(After, list_actions(After))


closed: list[str] = []


async def resource() -> AsyncIterator[str]:
    try:
        yield "resource"
    except LookupError:
        closed.append("rolled back")
        raise


class Base(Controller):
    @rescue_from(LookupError)
    def missing(self, error: LookupError) -> Response:
        return self.text(f"base {type(error).__name__}", status=404)

    @rescue_from(ZeroDivisionError, OverflowError)
    async def wrong(self) -> None:
        await asyncio.sleep(0)
        self.text("wrong", status=400)

    @rescue_from(RuntimeError)
    def not_this(self, error: RuntimeError) -> None: ...


class Rescued(Base):
    @rescue_from(KeyError)
    def key(self, error: KeyError) -> str:
        return f"key {error}"

    def show(self, kind: str = "") -> str:
        self.text("half done")
        raise {"key": KeyError, "index": IndexError, "zero": ZeroDivisionError, "run": RuntimeError}[kind]("x")

    async def given(self, resource: Annotated[str, Provide(resource)]) -> None:
        raise IndexError

    @before(only="filtered")
    def refuse(self) -> None:
        raise KeyError("filter")

    def filtered(self) -> None: ...


@pytest.mark.parametrize(
    ("kind", "status", "body"), [("key", 200, b"key 'x'"), ("index", 404, b"base IndexError"), ("zero", 400, b"wrong")]
)
async def test_the_nearest_class_counts(kind: str, status: int, body: bytes) -> None:
    response = await answer(compiled(Rescued, "show"), f"/?kind={kind}")
    assert (response.status, response.body) == (status, body)


async def test_what_answers_nothing_lets_the_exception_go_on() -> None:
    with pytest.raises(RuntimeError):
        await answer(compiled(Rescued, "show"), "/?kind=run")


async def test_filters_are_rescued_and_providers_see_the_exception_first() -> None:
    assert (await answer(compiled(Rescued, "filtered"))).body == b"key 'filter'"
    assert (await answer(compiled(Rescued, "given"))).status == 404
    assert closed == ["rolled back"]
    assert list_actions(Rescued) == ["filtered", "given", "show"], "what answers exceptions is no action"


def test_rescue_from_takes_exception_classes() -> None:
    for wrong in ((), (int,), (KeyError("x"),), (BaseException,)):
        with pytest.raises(FilterError, match="rescue_from"):
            rescue_from(*wrong)(lambda self: None)  # type: ignore[arg-type]


async def test_without_rescues_a_plain_action_stays_plain() -> None:
    class Simple(Base):
        wrong = None  # type: ignore[assignment]  # the only one that waits

        def show(self) -> None:
            raise KeyError

    endpoint = compiled(Simple, "show")
    assert not inspect.iscoroutinefunction(endpoint.call)
    response: Any = await answer(endpoint)
    assert response.status == 404
