"""Signatures that can't be meant, and what is said of them when the application starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest
import starlette.requests

from spica import App, Context, Controller, Header, Provide, Query, Request, Router
from spica.controllers.binding import HttpHost
from spica.controllers.signatures import check_self
from spica.injection.errors import SignatureError
from spica.injection.plan import build_plan
from spica.routing.errors import InvalidTargetError
from spica.routing.pattern import parse_pattern


class Item(msgspec.Struct):
    name: str


def refuse(function: Callable[..., Any], pattern: str = "/") -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        build_plan(function, HttpHost(parse_pattern(pattern), strict_path=True))
    return caught.value


# What stands in a marker


@pytest.mark.parametrize(
    ("make", "fix"),
    [
        (lambda: Query(ge=1, le=100), "write x: Annotated[int, msgspec.Meta(ge=1, le=100), Query()]"),
        (lambda: Query(20, ge=1), "write x: Annotated[int, msgspec.Meta(ge=1), Query()] = 20"),
        (lambda: Query(..., min_length=3), "write x: Annotated[str, msgspec.Meta(min_length=3), Query()]"),
        (lambda: Query(alias="per-page"), "write x: Annotated[str, Query('per-page')]"),
        (lambda: Query(flat=True, default="a"), "write x: Annotated[str, Query(flat=True)] = 'a'"),
        (lambda: Header(convert_underscores=False), "write x: Annotated[str, Header()]"),
    ],
)
def test_an_option_that_a_marker_does_not_have_belongs_elsewhere(make: Callable[[], object], fix: str) -> None:
    with pytest.raises(SignatureError) as caught:
        make()
    assert caught.value.fix == fix
    assert "test_signatures.py:" in caught.value.where


def test_a_default_in_a_marker_is_no_name() -> None:
    def as_default(limit: int = Query(20)) -> None: ...  # type: ignore[assignment, arg-type]
    def required(limit: int = Query(...)) -> None: ...  # type: ignore[assignment, arg-type]
    def beside(limit: Annotated[int, Query(20)]) -> None: ...  # type: ignore[arg-type]

    assert refuse(as_default).fix == "write limit: Annotated[int, Query()] = 20"
    assert refuse(required).fix == "write limit: Annotated[int, Query()]"
    assert refuse(beside).what == "'limit' comes from Query(20), and 20 is no name"
    assert refuse(beside).fix == "write limit: Annotated[int, Query()] = 20"


def test_a_provider_is_no_default() -> None:
    def function(db: int = Provide(dict)) -> None: ...  # type: ignore[assignment]

    assert refuse(function).fix == "write db: Annotated[int, Provide(dict)]"


# What has no type, or one of another framework


@pytest.mark.parametrize(("name", "kind"), [("request", "Request"), ("ctx", "Context"), ("session", "Session")])
def test_the_request_needs_its_type(name: str, kind: str) -> None:
    function = eval(f"lambda {name}: None")
    assert refuse(function).what == f"{name!r} has no type"
    assert refuse(function).fix.startswith(f"write {name}: {kind};")


def test_other_names_without_a_type_come_from_the_query() -> None:
    assert build_plan(lambda q, page: None, HttpHost(parse_pattern("/"), strict_path=True)).readers
    assert build_plan(lambda request: None, HttpHost(parse_pattern("/{request}"), strict_path=True)).readers
    assert build_plan(lambda request=None: None, HttpHost(parse_pattern("/"), strict_path=True)).readers


def test_a_method_is_no_handler() -> None:
    class Users:
        def index(self): ...  # type: ignore[no-untyped-def]

    assert refuse(Users.index).what == "the function takes self"


def test_a_class_is_no_handler() -> None:
    with pytest.raises(InvalidTargetError) as caught:
        Router().get("/")(Controller)
    assert caught.value.what == "the route points at the class Controller"


def test_a_list_of_records_is_read_by_body() -> None:
    def function(items: list[Item]) -> None: ...

    assert refuse(function).fix == "write items: Annotated[list[Item], Body()] for a list in the body"


def test_the_request_of_another_framework_is_named() -> None:
    def function(request: starlette.requests.Request) -> None: ...

    assert refuse(function).fix == "from spica import Request, and not from starlette"


def test_what_nothing_fills_is_provided() -> None:
    def function(app: App) -> None: ...

    assert refuse(function).fix == "write app: Annotated[App, Provide(make_app)]"


# Methods of controllers


class WithoutSelf:
    def nothing(): ...  # type: ignore[misc]

    def path(id): ...  # type: ignore[no-untyped-def]

    def typed(page: int): ...  # type: ignore[no-untyped-def, misc]

    def asked(request: Request): ...  # type: ignore[no-untyped-def, misc]

    def written(item: Annotated[Item | None, "x"]): ...  # type: ignore[no-untyped-def, misc]

    def called_this(this): ...  # type: ignore[no-untyped-def]

    def any_of_them(*arguments): ...  # type: ignore[no-untyped-def]


def test_an_action_takes_self() -> None:
    pattern = parse_pattern("/posts/{id:int}")
    for method in (
        WithoutSelf.nothing,
        WithoutSelf.path,
        WithoutSelf.typed,
        WithoutSelf.asked,
        WithoutSelf.written,
    ):
        with pytest.raises(SignatureError) as caught:
            check_self(method, pattern)
        assert caught.value.what == f"{method.__name__} doesn't take self"
        assert caught.value.fix.startswith(f"def {method.__name__}(self")
    check_self(WithoutSelf.called_this, pattern)
    check_self(WithoutSelf.any_of_them, pattern)


class WithOtherNames(Controller):
    def called_this(this: WithOtherNames): ...  # type: ignore[no-untyped-def]

    def of_a_base(ctx: Context): ...  # type: ignore[no-untyped-def]

    def of_anything(this: Any): ...  # type: ignore[no-untyped-def]

    def unknown(this: NobodyKnows): ...  # type: ignore[no-untyped-def, name-defined] # noqa: F821

    @classmethod
    def of_the_class(cls, controller: WithOtherNames) -> None: ...

    @classmethod
    def with_a_name(cls, name: str) -> None: ...


def test_what_takes_the_controller_may_call_it_anything() -> None:
    def wrapper(controller: WithOtherNames, *arguments: Any, **options: Any) -> None: ...

    pattern = parse_pattern("/posts/{id:int}")
    kind = WithOtherNames
    for method in (kind.called_this, kind.of_a_base, kind.of_anything, kind.unknown, kind.of_the_class, wrapper):
        check_self(method, pattern)
    check_self(kind.with_a_name, pattern)


class Required(Header):
    def __init__(self, name: str | None = None, required: bool = False) -> None:
        super().__init__(name)
        object.__setattr__(self, "required", required)

    __slots__ = ("required",)


class Renamed(Header): ...


def test_a_marker_with_an_init_of_its_own_knows_its_options() -> None:
    marker: Any = Required("x-agent", required=True)
    assert (marker.name, marker.required) == ("x-agent", True)
    with pytest.raises(SignatureError, match="Renamed has no option 'required'"):
        Renamed(required=True)  # type: ignore[call-arg]
