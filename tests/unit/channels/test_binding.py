"""Where the arguments of a channel's methods come from, and what is said of those that don't fit."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import msgspec
import pydantic
import pytest

from spica.channels.binding import Call, ChannelHost
from spica.channels.methods import build_method
from spica.channels.topic import parse_topic
from spica.errors.http import UnprocessableContent
from spica.injection.errors import AnnotationError, SignatureError
from spica.routing import converters

ID = "6a2f41a3-c54c-fce8-32d2-0324e1c32e22"


class Point(msgspec.Struct, forbid_unknown_fields=True):
    x: int
    y: int = 0


@dataclasses.dataclass
class Box:
    width: int


class Named(TypedDict):
    name: str


class Model(pydantic.BaseModel):
    age: int


def bind(function: Any, payload: Any, topic: str = "room:7", *patterns: str) -> Any:
    """Call a method for a message of a topic."""
    parsed = [parse_topic(text) for text in patterns or ("room:{room_id:int}",)]
    values = next(found for pattern in parsed if (found := pattern.match(topic)) is not None)
    return build_method(function, ChannelHost(parsed, []), None).call(Call(None, payload, values))


def refusals(function: Any, payload: Any) -> list[tuple[str, str]]:
    """Name and code of every field that is refused."""
    with pytest.raises(UnprocessableContent) as refused:
        bind(function, payload)
    return [(error.name, error.code) for error in refused.value.errors]


def test_topic_and_payload_by_name() -> None:
    def method(self: Any, room_id: int, body: str, size: int = 3, *, flag: bool = False) -> Any:
        return room_id, body, size, flag

    assert bind(method, {"body": "x", "unknown": 1}) == (7, "x", 3, False)
    assert bind(method, {"body": "x", "room_id": 8, "flag": True}) == (7, "x", 3, True), "the topic comes first"


def test_a_topics_parameter_in_another_type() -> None:
    def text(self: Any, room_id: str) -> Any:
        return room_id

    def bounded(self: Any, room_id: Annotated[int, msgspec.Meta(le=5)]) -> Any:
        return room_id

    assert bind(text, {}) == "7"
    assert refusals(bounded, {}) == [("room_id", "too_large")]

    def identity(self: Any, id: UUID) -> Any:
        return id

    assert bind(identity, {}, f"x:{ID}", "x:{id:uuid}") == bind(identity, {}, f"x:{ID}", "x:{id}") == UUID(ID)


def test_what_an_own_converter_makes_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "_own", {})
    converters.converter("sku", "[A-Z]+", parse=str.lower)

    def method(self: Any, code: str) -> Any:
        return code

    assert bind(method, {}, "p:ABC", "p:{code:sku}") == "abc"


def test_several_topics() -> None:
    def method(self: Any, name: str = "everybody") -> Any:
        return name

    assert bind(method, {}, "lobby", "lobby", "hall:{name}") == "everybody"
    assert bind(method, {}, "hall:x", "lobby", "hall:{name}") == "x"

    def required(self: Any, name: str) -> None: ...

    with pytest.raises(SignatureError, match="the topic lobby has no parameter 'name'"):
        bind(required, {}, "lobby", "lobby", "hall:{name}")


@pytest.mark.parametrize(
    ("type_", "payload", "value"),
    [
        (Point, {"x": 1}, Point(1)),
        (Box, {"width": 2}, Box(2)),
        (Named, {"name": "a"}, {"name": "a"}),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (Model, {"age": 3}, Model(age=3)),
        (Point | None, None, None),
    ],
)
def test_records_take_the_whole_payload(type_: Any, payload: Any, value: Any) -> None:
    def method(self: Any, given) -> Any:  # type: ignore[no-untyped-def]
        return given

    method.__annotations__["given"] = type_
    assert bind(method, payload) == value


def test_a_payload_without_a_type_is_whatever_came() -> None:
    def method(self: Any, payload) -> Any:  # type: ignore[no-untyped-def]
        return payload

    for payload in (None, [1], "x", {"a": 1}, b"\x00"):
        assert bind(method, payload) == payload


def test_fields_of_any_type_that_json_has() -> None:
    def method(self: Any, points: list[Point], kind: Literal["a", "b"], at: UUID, extra: Any, limit: int | None) -> Any:
        return points, kind, at, extra, limit

    sent = {"points": [{"x": 1}], "kind": "b", "at": ID, "extra": {"deep": []}}
    assert bind(method, sent) == ([Point(1)], "b", UUID(ID), {"deep": []}, None)


def test_whole_floats_are_ints_and_texts_are_not() -> None:
    def method(self: Any, n: int) -> Any:
        return n

    assert bind(method, {"n": 7.0}) == 7
    assert refusals(method, {"n": "7"}) == [("n", "type")]
    assert refusals(method, {"n": 7.5}) == [("n", "type")]
    assert refusals(method, {"n": None}) == [("n", "type")]
    assert refusals(method, {"n": True}) == [("n", "type")]


def test_every_field_that_does_not_fit_is_named() -> None:
    def method(self: Any, a: int, b: list[Point], c: str, d: Literal["x"], e: int = 1) -> None: ...

    sent = {"a": "1", "b": [{"x": 1}, {"y": "?", "z": 1}], "d": "y", "e": "1"}
    assert refusals(method, sent) == [
        *(("a", "type"), ("b[1].x", "missing"), ("b[1].y", "type"), ("b[1].z", "unknown")),
        *(("c", "missing"), ("d", "not_in_list"), ("e", "type")),
    ]


def test_records_and_models_name_theirs() -> None:
    def struct(self: Any, point: Point) -> None: ...
    def model(self: Any, model: Model) -> None: ...

    assert refusals(struct, {"y": "?", "z": 1}) == [("x", "missing"), ("y", "type"), ("z", "unknown")]
    assert refusals(struct, [1]) == [("", "type")]
    assert [name for name, _ in refusals(model, {"age": "x"})] == ["age"]


@pytest.mark.parametrize("payload", [[1], "text", 7, b"\x00"])
def test_a_payload_that_has_no_fields(payload: Any) -> None:
    def method(self: Any, a: int = 1) -> None: ...

    assert refusals(method, payload) == [("", "type")]


def test_nothing_sent_is_an_empty_payload() -> None:
    def method(self: Any, a: int = 1) -> int:
        return a

    def required(self: Any, a: int) -> None: ...

    assert bind(method, None) == 1
    assert refusals(required, None) == [("a", "missing")]


def test_octets() -> None:
    def method(self: Any, content: bytes) -> Any:
        return content

    def optional(self: Any, content: bytes = b"none") -> Any:
        return content

    assert bind(method, b"\x00") == b"\x00"
    assert bind(optional, {}) == b"none"
    assert refusals(method, {}) == [("", "type")]


def test_a_number_of_endless_size_is_refused() -> None:
    from decimal import Decimal

    def method(self: Any, price: Decimal) -> None: ...

    assert refusals_of_late(method, {"price": "1e999999999"}) == [("price", "not_finite")]


def refusals_of_late(function: Any, payload: Any) -> list[tuple[str, str]]:
    from decimal import Decimal

    function.__annotations__["price"] = Decimal
    return refusals(function, payload)


def test_what_nothing_can_fill_is_a_mistake() -> None:
    def thing(self: Any, thing: pytest.MonkeyPatch) -> None: ...
    def two(self: Any, a: Point, b: Box) -> None: ...
    def unknown(self: Any, a: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - the mistake
    def bounded(self: Any, a: Annotated[str, msgspec.Meta(ge=5)]) -> None: ...
    def spread(self: Any, *args: int) -> None: ...

    with pytest.raises(SignatureError, match="the type of 'thing' can't be filled"):
        bind(thing, {})
    with pytest.raises(SignatureError, match="two parameters read the payload: 'a' and 'b'"):
        bind(two, {})
    with pytest.raises(AnnotationError, match="Missing"):
        bind(unknown, {})
    with pytest.raises(SignatureError, match="the type of 'a' can't be filled"):
        bind(bounded, {})
    with pytest.raises(SignatureError, match=r"\*args"):
        bind(spread, {})
