"""Binding: where each argument comes from, what is converted, and what is refused at boot."""

import datetime
import enum
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest

from spica._core import Request as NativeRequest
from spica.controllers.binding import HttpHost
from spica.controllers.markers import Body, Cookie, Header, Path, Query
from spica.errors.http import BadRequest, NotFound, UnprocessableContent, UnsupportedMediaType
from spica.http.context import Context
from spica.http.params import Params
from spica.http.request import Request
from spica.injection.errors import SignatureError
from spica.injection.plan import build_plan
from spica.routing.pattern import parse_pattern

JSON = ("content-type", "application/json")
FORM = ("content-type", "application/x-www-form-urlencoded")


class Color(enum.Enum):
    RED = "red"


class Address(msgspec.Struct):
    city: Annotated[str, msgspec.Meta(min_length=2)]
    zip: int = 0


class Person(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    first_name: Annotated[str, msgspec.Meta(min_length=2)]
    age: Annotated[int, msgspec.Meta(ge=0)]
    address: Address | None = None
    tags: list[int] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Pair(TypedDict):
    left: int
    right: int


def context(target: str = "/", *fields: tuple[str, str], content: bytes = b"", params: tuple[Any, ...] = ()) -> Context:
    native = NativeRequest.build("POST", target, list(fields), content)
    request = Request(native)
    if params:
        request.native = type("Matched", (), {"params": params})()  # type: ignore[assignment]
    return Context(request)


def read(function: Any, ctx: Context, *, pattern: str = "/", strict_path: bool = True) -> Any:
    plan = build_plan(function, HttpHost(parse_pattern(pattern), strict_path=strict_path))
    values, named = plan.split(plan.read(ctx))
    return function(*values, **named)


def errors_of(function: Any, ctx: Context, **options: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(UnprocessableContent) as caught:
        read(function, ctx, **options)
    return [tuple(error[:3]) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (str, "a+b", "a b"),
        (int, "-7", -7),
        (float, "1.5", 1.5),
        (bool, "on", True),
        (bool, "0", False),
        (bool, "False", False),
        (int | None, "7", 7),
        (Literal["a", "b"], "b", "b"),
        (Color, "red", Color.RED),
        (datetime.date, "2026-11-21", datetime.date(2026, 11, 21)),
        (uuid.UUID, "12345678-1234-5678-1234-567812345678", uuid.UUID("12345678-1234-5678-1234-567812345678")),
        (Annotated[int, msgspec.Meta(le=9)], "9", 9),
    ],
)
def test_scalars_come_from_the_query(type_: Any, text: str, value: object) -> None:
    def handler(q): ...

    handler.__annotations__["q"] = type_
    handler_plan = build_plan(handler, HttpHost(parse_pattern("/"), strict_path=True))
    assert handler_plan.read(context(f"/?q={text}")) == [value]


def test_lists_come_from_repeated_names() -> None:
    def handler(ids: list[int], tags: set[str] = frozenset(), none: list[int] | None = None) -> object:
        return ids, tags, none

    assert read(handler, context("/?ids=1&ids=2&tags[]=a&tags[]=b")) == ([1, 2], {"a", "b"}, None)
    assert errors_of(handler, context("/?ids=1&ids=x")) == [("query", "ids[1]", "expected int, got str")]


def test_an_empty_text_is_absent_unless_text_is_wanted() -> None:
    def handler(page: int = 1, q: str = "none", on: datetime.date | None = None) -> object:
        return page, q, on

    assert read(handler, context("/?page=&q=&on=")) == (1, "", None)


def test_markers_choose_the_source_and_the_name() -> None:
    def handler(
        x_token: Annotated[str, Header()],
        lang: Annotated[str, Header("Accept-Language")] = "en",
        theme: Annotated[str, Cookie("t")] = "light",
        page: Annotated[int, Query("p")] = 1,
        forwarded: Annotated[list[str], Header("x-forwarded-for")] = [],  # noqa: B006 - a default, never changed
        ident: Annotated[int, Path("id")] = 0,
    ) -> object:
        return x_token, lang, theme, page, forwarded

    fields = [("x-token", "T"), ("cookie", "t=dark"), ("x-forwarded-for", "a"), ("x-forwarded-for", "b")]
    plan = build_plan(handler, HttpHost(parse_pattern("/{id:int}"), strict_path=True))
    ctx = context("/?p=3", *fields)
    assert [reader(ctx) for reader in plan.readers[:5]] == ["T", "en", "dark", 3, ["a", "b"]]


def test_path_parameters_are_converted_and_refused() -> None:
    def handler(id: Annotated[int, msgspec.Meta(ge=1)], name: str) -> object:
        return id, name

    assert read(handler, context(params=("7", "x")), pattern="/{id}/{name}") == (7, "x")
    refused = errors_of(handler, context(params=("0", "x")), pattern="/{id}/{name}")
    assert refused == [("path", "id", "expected int >= 1")]
    with pytest.raises(NotFound):
        read(handler, context(params=("x", "x")), pattern="/{id}/{name}", strict_path=False)


def test_objects_of_the_request_come_by_type() -> None:
    def handler(c: Context, r: Request, p: Params) -> object:
        return c, r, p

    ctx = context("/?a=1")
    c, r, p = read(handler, ctx)
    assert c is ctx
    assert r is ctx.request
    assert p["a"] == "1"


@pytest.mark.parametrize(
    ("type_", "content", "value"),
    [
        (Person, b'{"firstName":"Ann","age":3}', Person("Ann", 3)),
        (Point, b'{"x":1}', Point(1)),
        (Pair, b'{"left":1,"right":2}', {"left": 1, "right": 2}),
        (dict[str, int], b'{"a":1}', {"a": 1}),
        (Annotated[list[int], Body()], b"[1,2]", [1, 2]),
        (Person | None, b"", None),
    ],
)
def test_a_record_comes_from_a_json_body(type_: Any, content: bytes, value: object) -> None:
    def handler(body): ...

    handler.__annotations__["body"] = type_
    plan = build_plan(handler, HttpHost(parse_pattern("/"), strict_path=True))
    assert plan.read(context("/", JSON, content=content)) == [value]


def test_a_record_comes_from_a_form() -> None:
    def handler(body: Person) -> Person:
        return body

    content = b"firstName=Ann&age=3&address[city]=Ulm&address[zip]=7&tags[]=1&tags[]=2"
    assert read(handler, context("/", FORM, content=content)) == Person("Ann", 3, Address("Ulm", 7), [1, 2])


def test_all_fields_of_a_body_are_checked() -> None:
    def handler(body: Person) -> None: ...

    content = b'{"firstName":"A","address":{"city":"U","zip":"x"},"tags":[1,"x"],"evil":1}'
    assert errors_of(handler, context("/", JSON, content=content)) == [
        ("body", "firstName", "expected str of length >= 2"),
        ("body", "age", "is missing"),
        ("body", "address.city", "expected str of length >= 2"),
        ("body", "address.zip", "expected int, got str"),
        ("body", "tags[1]", "expected int, got str"),
        ("body", "evil", "is unknown"),
    ]
    assert errors_of(handler, context("/", JSON, content=b"[1]")) == [("body", "", "expected object, got array")]


def test_a_body_that_cannot_be_read_is_the_clients_mistake() -> None:
    def handler(body: Person) -> None: ...

    for content, fields, error in (
        (b'{"firstName":', [JSON], BadRequest),
        (b"", [JSON], BadRequest),
        (b"[" * 500 + b"]" * 500, [JSON], BadRequest),
        (b"<x/>", [("content-type", "application/xml")], UnsupportedMediaType),
        (b"x", [], UnsupportedMediaType),
    ):
        with pytest.raises(error):
            read(handler, context("/", *fields, content=content))


def refused_signature(function: Any, pattern: str = "/", *, strict_path: bool = True) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        build_plan(function, HttpHost(parse_pattern(pattern), strict_path=strict_path))
    assert "test_binding.py:" in caught.value.where
    assert caught.value.fix
    return caught.value


def test_wrong_signatures_fail_at_boot() -> None:
    def lacks(user_id: int) -> None: ...
    def marked(user: Annotated[int, Path()]) -> None: ...
    def two(a: Person, b: Annotated[dict[str, int], Body()]) -> None: ...
    def unknown(thing: NativeRequest) -> None: ...
    def impossible(q: Annotated[int, msgspec.Meta(min_length=3)]) -> None: ...

    assert "no path parameter 'user_id'" in refused_signature(lacks, "/users/{id}").what
    assert "did you mean 'user_id'?" in refused_signature(marked, "/users/{user_id}").fix
    assert "two parameters read the body: 'a' and 'b'" in refused_signature(two).what
    assert "Provide(make_thing)" in refused_signature(unknown).fix
    assert "'q' can't be filled" in refused_signature(impossible).what


def test_a_query_parameter_beside_an_unused_path_parameter_is_fine_where_it_is_meant() -> None:
    def optional(page: int = 1) -> None: ...
    def marked(page: Annotated[int, Query()]) -> None: ...

    for function in (optional, marked):
        build_plan(function, HttpHost(parse_pattern("/users/{id}"), strict_path=True))

    def action(page: int) -> None: ...

    build_plan(action, HttpHost(parse_pattern("/users/{id}"), strict_path=False))
    assert "'page'" in refused_signature(action, "/users/{id}").what, "a function must say that it means the query"
