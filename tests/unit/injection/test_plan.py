"""Plans: arguments are filled, refused values are all named, wrong signatures fail when the plan is built."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from spica.errors.http import FieldError
from spica.injection.errors import (
    AnnotationError,
    ProviderContractError,
    ProviderCycleError,
    RefusedValue,
    SignatureError,
)
from spica.injection.plan import Plan, Reader, build_plan
from spica.injection.providers import Provide
from spica.injection.scope import Scope
from spica.injection.signature import Parameter, read_signature

if TYPE_CHECKING:
    from decimal import Decimal


class Refused(Exception):
    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(errors)
        self.errors = errors


class DictHost:
    """Fills parameters from a dict: the smallest host there can be."""

    def choose_reader(self, parameter: Parameter) -> Reader:
        name, type_ = parameter.name, parameter.bare_type
        if type_ is object:
            raise SignatureError(f"{name} has no source", where=parameter.where)

        def read(context: dict[str, Any]) -> object:
            if name not in context and not parameter.required:
                return parameter.default
            if not isinstance(context.get(name), type_):
                raise RefusedValue([FieldError("dict", name, f"is no {type_.__name__}")])
            return context[name]

        return read

    def check_parameters(self, parameters: list[Parameter]) -> None:
        if len(parameters) > 5:
            raise SignatureError("too many")

    def refuse(self, errors: list[FieldError]) -> Exception:
        return Refused(errors)


def plan_of(function: Any, **options: Any) -> Plan:
    return build_plan(function, DictHost(), **options)


def call(function: Any, context: dict[str, Any]) -> Any:
    positional, named = plan_of(function).arguments(context, Scope())
    return function(*positional, **named)


async def acall(function: Any, context: dict[str, Any], scope: Scope | None = None) -> Any:
    positional, named = await plan_of(function).aarguments(context, scope or Scope())
    return function(*positional, **named)


def test_fills_by_name_with_defaults_and_keywords() -> None:
    def handler(a: int, b: str = "b", *, c: int, d: int = 4) -> tuple[object, ...]:
        return a, b, c, d

    assert call(handler, {"a": 1, "c": 3}) == (1, "b", 3, 4)


def test_skips_self() -> None:
    class Thing:
        def action(self, a: int) -> int:
            return a

    plan = plan_of(Thing.action, skip_first=True)
    assert plan.read({"a": 7}) == [7]


def test_names_every_refused_value() -> None:
    def page(number: int) -> int:
        return number

    def handler(a: int, b: str, p: Annotated[int, Provide(page)]) -> None: ...

    with pytest.raises(Refused) as caught:
        call(handler, {"a": "x", "b": 1})
    assert [error.name for error in caught.value.errors] == ["a", "b", "number"]


def test_providers_depend_on_each_other_and_run_once() -> None:
    calls: list[str] = []

    def settings(name: str) -> str:
        calls.append("settings")
        return name

    def database(settings: Annotated[str, Provide(settings)]) -> str:
        return f"db of {settings}"

    def handler(
        one: int, db: Annotated[str, Provide(database)], s: Annotated[str, Provide(settings)], last: int
    ) -> tuple[object, ...]:
        return one, db, s, last

    assert call(handler, {"one": 1, "last": 9, "name": "n"}) == (1, "db of n", "n", 9)
    assert calls == ["settings"]


async def test_every_kind_of_provider_is_torn_down_in_reverse() -> None:
    log: list[str] = []

    def plain() -> Iterator[str]:
        log.append("open plain")
        yield "p"
        log.append("close plain")

    async def waiting() -> AsyncIterator[str]:
        log.append("open waiting")
        yield "w"
        log.append("close waiting")

    async def coroutine() -> str:
        return "c"

    def handler(
        p: Annotated[str, Provide(plain)], w: Annotated[str, Provide(waiting)], c: Annotated[str, Provide(coroutine)]
    ) -> str:
        return p + w + c

    scope = Scope()
    assert await acall(handler, {}, scope) == "pwc"
    assert log == ["open plain", "open waiting"]
    await scope.aclose()
    assert log[2:] == ["close waiting", "close plain"]


async def test_teardown_sees_the_error_and_all_of_it_runs() -> None:
    log: list[str] = []

    async def outer() -> AsyncIterator[int]:
        try:
            yield 1
        except ValueError as error:
            log.append(f"outer saw {error}")
            raise

    def inner() -> Iterator[int]:
        try:
            yield 2
        finally:
            log.append("inner closed")

    def handler(a: Annotated[int, Provide(outer)], b: Annotated[int, Provide(inner)]) -> None: ...

    scope = Scope()
    await acall(handler, {}, scope)
    await scope.aclose(ValueError("boom"))
    assert log == ["inner closed", "outer saw boom"]


def test_a_teardown_error_is_raised_after_the_others_ran() -> None:
    log: list[str] = []

    def first() -> Iterator[int]:
        yield 1
        log.append("first closed")

    def second() -> Iterator[int]:
        yield 2
        raise RuntimeError("teardown")

    def handler(a: Annotated[int, Provide(first)], b: Annotated[int, Provide(second)]) -> None: ...

    scope = Scope()
    plan_of(handler).arguments({}, scope)
    with pytest.raises(RuntimeError, match="teardown"):
        scope.close()
    assert log == ["first closed"]


def test_a_generator_must_yield_once() -> None:
    def none() -> Iterator[int]:
        yield from ()

    def twice() -> Iterator[int]:
        yield 1
        yield 2

    def wants_none(a: Annotated[int, Provide(none)]) -> None: ...
    def wants_twice(a: Annotated[int, Provide(twice)]) -> None: ...

    with pytest.raises(ProviderContractError, match="without a yield"):
        call(wants_none, {})
    scope = Scope()
    plan_of(wants_twice).arguments({}, scope)
    with pytest.raises(ProviderContractError, match="yielded twice"):
        scope.close()


def test_a_plan_knows_whether_filling_awaits() -> None:
    async def get_db() -> int:
        return 1

    def through(db: Annotated[int, Provide(get_db)]) -> int:
        return db

    def waits(db: Annotated[int, Provide(through)]) -> None: ...
    def does_not(a: int) -> None: ...

    assert plan_of(waits).is_async
    assert not plan_of(does_not).is_async


def one(other: Annotated[int, Provide(lambda: two)]) -> int:
    return other


def two(one: Annotated[int, Provide(one)]) -> int:
    return one


def test_a_circle_of_providers_is_named() -> None:
    one.__annotations__["other"] = Annotated[int, Provide(two)]
    with pytest.raises(ProviderCycleError, match="one -> two -> one"):
        plan_of(one)


def test_signature_mistakes_say_where() -> None:
    def star(*names: str) -> None: ...
    def unknown(price: "Decimal") -> None: ...
    def nothing(a: object) -> None: ...

    for function, error, what in (
        (star, SignatureError, r"\*names can't be filled"),
        (unknown, AnnotationError, "'Decimal' in the signature isn't known"),
        (nothing, SignatureError, "a has no source"),
    ):
        with pytest.raises(error, match=what) as caught:
            plan_of(function)
        assert "test_plan.py:" in caught.value.where


def test_reads_markers_types_and_required() -> None:
    class Marker: ...

    marker = Marker()

    def handler(a: Annotated[int, marker], b: "Annotated[str | None, 'x']" = None, c: int = ...) -> None: ...  # type: ignore[assignment]

    a, b, c = read_signature(handler)
    assert (a.bare_type, a.marker(Marker), a.required) == (int, marker, True)
    assert (b.marker(Marker), b.required, b.default) == (None, False, None)
    assert c.required
