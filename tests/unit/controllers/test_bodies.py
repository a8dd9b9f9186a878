"""Bodies by their Content-Type: JSON, forms and nothing else, into every kind of record."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spica import Body, Form, Provide, Query, UploadFile
from spica.errors.http import BadRequest, HttpError, UnprocessableContent, UnsupportedMediaType
from tests.unit.controllers.requests import (
    URLENCODED,
    context,
    errors_of,
    form,
    json,
    multipart,
    read,
    refused_signature,
    typed,
)

Item = TypeVar("Item")


class Line(msgspec.Struct):
    sku: Annotated[str, msgspec.Meta(min_length=1)]
    quantity: int = 1


class Order(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    lines: list[Line] = []
    gift: bool = False
    due: datetime.date | None = None
    price: decimal.Decimal | None = None
    tags: set[str] = set()
    note: str | None = None


class Cat(msgspec.Struct, tag="cat"):
    lives: Annotated[int, msgspec.Meta(ge=1, le=9)]


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Page(msgspec.Struct, Generic[Item]):
    items: list[Item]
    total: int


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Renamed(msgspec.Struct, rename="camel"):
    first_name: str
    sizes: dict[str, Size] = {}


class Point(NamedTuple):
    x: int
    y: int = 0


class Pair(TypedDict):
    left: int
    right: uuid.UUID


@dataclass
class Ratio:
    top: int
    bottom: int

    def __post_init__(self) -> None:
        if not self.bottom:
            raise ValueError("bottom must not be 0")


@attrs.define
class Box:
    width: int = attrs.field(validator=attrs.validators.gt(0))


class Node(msgspec.Struct):
    name: int
    child: Node | None = None


ID = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("type_", "content", "value"),
    [
        (Point, b'{"x":1}', Point(1, 0)),
        (Point, b'{"x":1,"y":2}', Point(1, 2)),
        (Pair, f'{{"left":1,"right":"{ID}"}}'.encode(), {"left": 1, "right": uuid.UUID(ID)}),
        (Ratio, b'{"top":1,"bottom":2}', Ratio(1, 2)),
        (Box, b'{"width":1}', Box(1)),
        (Cat | Dog, b'{"type":"dog","name":"Rex"}', Dog("Rex")),
        (Page[Line], b'{"items":[{"sku":"a"}],"total":1}', Page([Line("a")], 1)),
        (Renamed, b'{"firstName":"Ann","sizes":{"a":"l"}}', Renamed("Ann", {"a": Size.LARGE})),
        (Annotated[list[Line], Body()], b'[{"sku":"a"}]', [Line("a")]),
        (Annotated[int | str, Body()], b'"x"', "x"),
        (Order | None, b"", None),
    ],
)
def test_json_becomes_any_kind_of_record(type_: Any, content: bytes, value: object) -> None:
    assert read(typed(type_), json(content)) == value


@pytest.mark.parametrize(
    ("type_", "content", "errors"),
    [
        (Point, b'{"y":"b"}', [("x", "missing"), ("y", "type")]),
        (Ratio, b'{"top":1,"bottom":0}', [("", "invalid")]),
        (Box, b'{"width":0}', [("", "too_small")]),
        (Cat | Dog, b'{"type":"cat","lives":10}', [("lives", "too_large")]),
        (Cat | Dog, b'{"type":"cow"}', [("type", "not_in_list")]),
        (Cat | Dog, b"{}", [("type", "missing")]),
        (Page[Line], b'{"items":[{"sku":""},{},{"sku":3}],"total":"x"}', [
            ("items[0].sku", "too_short"), ("items[1].sku", "missing"), ("items[2].sku", "type"), ("total", "type"),
        ]),
        (Renamed, b'{"sizes":{"a":"x","b":"s","c":"y"}}', [
            ("firstName", "missing"), ("sizes.a", "not_in_list"), ("sizes.c", "not_in_list"),
        ]),
        (dict[str, int], b'{"a":"x","b":1,"c":null}', [("a", "type"), ("c", "type")]),
        (Annotated[list[Line], Body()], b'[{"sku":"a"},{"sku":""}]', [("[1].sku", "too_short")]),
        (Annotated[tuple[int, str], Body()], b'["x",1]', [("[0]", "type"), ("[1]", "type")]),
        (Order, b'{"price":"x","due":"2026-02-30","evil":1}', [
            ("title", "missing"), ("due", "format"), ("price", "format"), ("evil", "unknown"),
        ]),
        (Order, b"[]", [("", "type")]),
        (Order, b"null", [("", "type")]),
    ],
)  # fmt: skip
def test_every_field_that_does_not_fit_is_named(type_: Any, content: bytes, errors: list[tuple[str, str]]) -> None:
    assert errors_of(typed(type_), json(content)) == errors


def test_errors_point_into_the_content_and_name_options_but_no_values() -> None:
    with pytest.raises(UnprocessableContent) as caught:
        read(typed(Renamed), json(b'{"firstName":"x","sizes":{"a/b~c":"<script>"}}'))
    [error] = caught.value.errors
    assert error.pointer == "#/sizes/a~1b~0c"
    assert error.message == "expected one of s, l"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "no content"),
        (b'{"name":NaN}', "invalid character"),
        (b'{"name":Infinity}', "invalid character"),
        (b'{"name":1' + b"0" * 5_000 + b"}", "out of range"),
        (b'{"name":1e999}', "out of range"),
        (b'{"name":"\xff"}', "not"),
        (b"\xff\xfe{\x00}\x00", "invalid character"),
        (b'{"name":"\\ud800"}', "not valid JSON"),
        (b'\xef\xbb\xbf{"name":1}', "invalid character"),
        (b'{"name":1}{"name":2}', "trailing"),
        (b'{"child":' * 200 + b"null" + b"}" * 200, "nested more than 128"),
        (b"{", "truncated"),
    ],
)
def test_content_that_is_no_json_is_a_400_that_says_why(content: bytes, detail: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(typed(Annotated[Any, Body()]), json(content))
    assert detail in caught.value.detail
    with pytest.raises((BadRequest, UnprocessableContent)):
        read(typed(Node), json(content))


def test_of_a_repeated_key_the_last_one_counts() -> None:
    assert read(typed(Node), json(b'{"name":1,"name":2}')) == Node(2)


def test_a_deep_failure_is_bounded() -> None:
    content = b'{"name":1,"child":' * 100 + b'{"name":"x"}' + b"}" * 100
    [(name, code)] = errors_of(typed(Node), json(content))
    assert code == "type"
    assert name.startswith("child.child.child.child.child.child.child.child")


def test_at_most_a_hundred_errors_are_listed() -> None:
    many = b"[" + b",".join([b"{}"] * 10_000) + b"]"
    assert len(errors_of(typed(Annotated[list[Line], Body()]), json(many))) == 100


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "", "text/json", "multipart/mixed; boundary=x"]
)
def test_another_content_type_is_a_415_that_says_what_is_accepted(content_type: str) -> None:
    for type_, accepted in (
        (Order, "application/json, application/x-www-form-urlencoded, multipart/form-data"),
        (Annotated[Order, Form()], "application/x-www-form-urlencoded, multipart/form-data"),
        (Annotated[str, Form()], "application/x-www-form-urlencoded, multipart/form-data"),
        (UploadFile, "multipart/form-data"),
    ):
        with pytest.raises(UnsupportedMediaType) as caught:
            read(typed(type_), context(b"{}", content_type))
        assert dict(caught.value.fields) == {"accept": accepted}


def test_a_form_fills_what_text_alone_does_not() -> None:
    sent = form(
        ("_csrf_token", "t"), ("title", "T"), ("gift", "on"), ("due", ""), ("price", "1.50"), ("note", ""),
        ("tags", "a"), ("tags", "b"),
        ("lines[10][sku]", "B"), ("lines[2][sku]", "A"), ("lines[2][quantity]", "3"), ("lines[10][quantity]", ""),
    )  # fmt: skip
    assert read(typed(Order), sent) == Order(
        "T", [Line("A", 3), Line("B", 1)], True, None, decimal.Decimal("1.50"), {"a", "b"}, ""
    )


def test_a_single_value_is_a_list_of_one() -> None:
    assert read(typed(Order), form(("title", "T"), ("tags", "a"))).tags == {"a"}
    assert read(typed(Order), form(("title", "T"), ("tags[]", "a"))).tags == {"a"}


def test_a_group_of_a_form_has_its_names_in_the_errors() -> None:
    function = typed(Annotated[Order, Form("order")])
    sent = form(("order[title]", "T"), ("order[tags]", "a"), ("order[tags]", "b"), ("other", "x"))
    assert read(function, sent).tags == {"a", "b"}
    assert errors_of(function, form(("order[lines][0][sku]", ""), ("order[gift]", "perhaps"))) == [
        ("order.title", "missing"),
        ("order.lines[0].sku", "too_short"),
        ("order.gift", "type"),
    ]
    assert errors_of(function, form(("order", "text"))) == [("order", "type")]
    assert errors_of(function, form())[0] == ("order.title", "missing")


def test_fields_of_a_form_are_parameters() -> None:
    def handler(
        title: Annotated[str, Form()],
        page: Annotated[int, Form("p")] = 1,
        tags: Annotated[list[str], Form()] = [],  # noqa: B006 - a default, never changed
        size: Annotated[Literal["s", "l"] | None, Form()] = None,
        terms: Annotated[bool, Form()] = False,
    ) -> object:
        return title, page, tags, size, terms

    assert read(handler, form(("title", ""), ("p", ""), ("tags", "a"), ("tags", "b"), ("terms", "on"))) == (
        "", 1, ["a", "b"], None, True,
    )  # fmt: skip
    assert read(handler, multipart(("title", None, b"T"), ("tags[]", None, b"a"))) == ("T", 1, ["a"], None, False)
    assert errors_of(handler, form(("p", "x"), ("size", "m"), ("terms", "perhaps"))) == [
        ("title", "missing"),
        ("p", "type"),
        ("size", "not_in_list"),
        ("terms", "type"),
    ]


def test_a_record_may_hold_files() -> None:
    class Upload(msgspec.Struct):
        title: str
        cover: UploadFile
        more: list[UploadFile] = []

    sent = multipart(("title", None, b"T"), ("cover", "a.png", b"A"), ("more", "b.txt", b"B"), ("more", "c.txt", b"C"))
    upload = read(typed(Upload), sent)
    assert (upload.title, upload.cover.filename, [one.content for one in upload.more]) == ("T", "a.png", [b"B", b"C"])
    assert errors_of(typed(Upload), multipart(("title", None, b"T"), ("cover", None, b"text"))) == [("cover", "type")]
    with pytest.raises(UnsupportedMediaType):
        read(typed(Upload), context(b"title=T", URLENCODED))


class Filter(msgspec.Struct):
    state: Literal["open", "closed"] = "open"
    limit: Annotated[int, msgspec.Meta(le=100)] = 20
    tags: list[str] = []
    inner: Filter | None = None


def test_a_record_comes_from_nested_names_of_the_query() -> None:
    function = typed(Annotated[Filter, Query()])
    target = "/?value[state]=closed&value[limit]=&value[tags]=a&value[tags]=b&value[inner][inner][limit]=7&other=1"
    assert read(function, context(target=target)) == Filter("closed", 20, ["a", "b"], Filter(inner=Filter(limit=7)))
    assert read(function, context()) == Filter()
    assert errors_of(function, context(target="/?value[limit]=101&value[inner][state]=x")) == [
        ("value.limit", "too_large"),
        ("value.inner.state", "not_in_list"),
    ]
    assert read(typed(Annotated[Filter, Query("f")]), context(target="/?f[limit]=3")).limit == 3
    assert read(typed(Annotated[Filter, Query(flat=True)]), context(target="/?limit=3&tags=a&tags=b")) == Filter(
        limit=3, tags=["a", "b"]
    )
    assert read(typed(Annotated[Filter | None, Query()], None), context(target="/?limit=3")) is None
    assert read(typed(Annotated[dict[str, str], Query()]), context(target="/?value[a]=1")) == {"a": "1"}


NAMES = st.builds(
    lambda first, rest: first + "".join(f"[{one}]" for one in rest),
    st.sampled_from(["title", "lines", "tags", "gift", "__class__", "0", "x"]),
    st.lists(st.sampled_from(["sku", "0", "1", "99999999999", "__proto__", ""]), max_size=4),
)
# Generating is slow on a machine that is busy, and no mistake.
SLOWLY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOWLY
@given(st.lists(st.tuples(NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=5)), max_size=12))
def test_any_form_is_a_value_or_a_4xx(pairs: list[tuple[str, str]]) -> None:
    for type_ in (
        Order,
        Annotated[Order, Form("lines")],
        Annotated[list[str], Form("tags")],
        Annotated[Filter, Query()],
    ):
        try:
            read(typed(type_), form(*pairs))
        except HttpError as error:
            refused = error
        else:
            continue
        assert 400 <= refused.status < 500


@SLOWLY
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["title", "lines", "sku", "gift", "tags", "items", "total"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_value_or_a_4xx_with_errors(value: Any) -> None:
    content = msgspec.json.encode(value)
    for type_ in (Order, Page[Line], dict[str, Order]):
        try:
            read(typed(type_), json(content))
        except UnprocessableContent as error:
            refused = error
        else:
            continue
        assert refused.errors


class Price(msgspec.Struct, rename="camel"):
    net_price: decimal.Decimal
    factor: float = 1.0
    more: list[decimal.Decimal] = []


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-inf", "1e999999999", "1e-999999999"])
def test_numbers_without_an_end_are_refused_wherever_text_becomes_a_number(text: str) -> None:
    assert errors_of(typed(Price), json(f'{{"netPrice":"{text}","more":["1","{text}"]}}'.encode())) == [
        ("netPrice", "not_finite"),
        ("more[1]", "not_finite"),
    ]
    assert errors_of(typed(Price), form(("netPrice", text))) == [("netPrice", "not_finite")]
    query = context(target=f"/?value={text}&value[net_price]={text}")
    assert errors_of(typed(decimal.Decimal), query) == [("value", "not_finite")]
    assert errors_of(typed(list[decimal.Decimal]), query) == [("value[0]", "not_finite")]
    assert errors_of(typed(Annotated[decimal.Decimal, Form()]), form(("value", text))) == [("value", "not_finite")]


def test_floats_of_text_are_finite() -> None:
    for text in ("nan", "inf", "-Infinity"):
        assert errors_of(typed(float | None), context(target=f"/?value={text}")) == [("value", "not_finite")]
        assert errors_of(typed(Price), form(("netPrice", "1"), ("factor", text))) == [("factor", "not_finite")]
    assert read(typed(Price), form(("netPrice", "1.50"), ("factor", "2"))) == Price(decimal.Decimal("1.50"), 2.0)


def test_a_marker_is_no_default() -> None:
    def query(q: str = Query()) -> None: ...  # type: ignore[assignment]
    def body(q: Price = Body()) -> None: ...  # type: ignore[assignment]  # noqa: B008 - the mistake
    def provided(q: int = Provide(query)) -> None: ...  # type: ignore[assignment]

    for function, written in ((query, "Query()"), (body, "Body()"), (provided, "Provide(")):
        refused = refused_signature(function)
        assert "as its default" in refused.what
        assert "Annotated[" in refused.fix
        assert written in refused.fix
