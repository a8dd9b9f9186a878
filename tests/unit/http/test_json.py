"""spica.http.json: depth, errors with positions, encoding."""

from __future__ import annotations

import dataclasses
import datetime
import json as stdlib_json
import time
from typing import Any

import msgspec
import pytest
import starlette.responses
from hypothesis import given
from hypothesis import strategies as st

from spica.errors.http import BadRequest
from spica.http import json
from spica.http.errors import UnencodableValue

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab[]{}"\\', max_size=4), inner, max_size=4),
    max_leaves=40,
)


@given(VALUES)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    assert json.decode(json.encode(value)) == value
    assert stdlib_json.loads(json.encode(value)) == value


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + closing * depth).encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":[', "]}"), ("[1,[],", "2]")])
def test_the_depth_limit_is_exact(opening: str, closing: str) -> None:
    levels = 128 // opening.replace("[]", "").count("[") if "{" not in opening else 64
    filled = nested(levels - 1, opening, closing).replace(b"[]", b"[1]")
    json.check_depth(filled)
    with pytest.raises(BadRequest, match="128 levels"):
        json.check_depth(nested(levels + 1, opening, closing))


def test_exactly_128_is_accepted_and_129_is_not() -> None:
    assert json.decode(nested(128)) is not None
    with pytest.raises(BadRequest, match="deep"):
        json.decode(nested(129))
    with pytest.raises(BadRequest, match="deep"):
        json.decode(b"[" * 100_000)


def test_brackets_in_strings_do_not_count() -> None:
    text = '[{"\\"' * 300 + "\\\\"
    assert json.decode(json.encode({"text": text, "more": ["[" * 300]})) == {"text": text, "more": ["[" * 300]}


def test_wide_content_is_not_deep() -> None:
    value = [{"a": [n]} for n in range(1_000)]
    assert json.decode(json.encode(value)) == value


@given(st.text(st.sampled_from('[]{}"\\a1,:'), max_size=400))
def test_depth_agrees_with_the_parsed_value(text: str) -> None:
    def depth(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max((depth(item) for item in inner), default=0)

    try:
        value = stdlib_json.loads(text)
    except ValueError:
        return
    for limit in (0, 1, 2, 3):
        if depth(value) > limit:
            with pytest.raises(BadRequest):
                json.check_depth(text.encode(), max_depth=limit)
        else:
            json.check_depth(text.encode(), max_depth=limit)


@pytest.mark.parametrize("unit", [b"[", b"[]", b'"\\', b'["', b"{[]}"])
def test_hostile_content_takes_linear_time(unit: bytes) -> None:
    def seconds(size: int) -> float:
        content = b"[" * 129 + unit * (size // len(unit))
        start = time.thread_time()
        with pytest.raises(BadRequest):
            json.decode(content)
        return time.thread_time() - start

    assert min(seconds(1_000_000) for _ in range(3)) < 40 * min(seconds(100_000) for _ in range(5)) + 0.01


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "the request has no content where JSON was expected"),
        (b'{"a": tru}', "the content is not valid JSON: invalid character (byte 10)"),
        (b"{", "the content is not valid JSON: Input data was truncated"),
        (b'{"a":1} x', "the content is not valid JSON: trailing characters (byte 9)"),
    ],
)
def test_malformed_content_is_400_with_the_position(content: bytes, detail: str) -> None:
    with pytest.raises(BadRequest) as caught:
        json.decode(content)
    assert caught.value.detail == detail


def test_octets_that_are_not_utf8_are_400() -> None:
    with pytest.raises(BadRequest, match="not UTF-8"):
        json.decode(b'"\xff\xfe"')


def test_structs_and_objects_that_know_their_json_form() -> None:
    class Point(msgspec.Struct):
        x: int

    class Money:
        def __json__(self) -> dict[str, Any]:
            return {"amount": "1.50", "at": Point(1)}

    assert json.encode([Point(2), Money()]) == b'[{"x":2},{"amount":"1.50","at":{"x":1}}]'


def test_what_has_no_json_form_is_named() -> None:
    with pytest.raises(UnencodableValue, match="object"):
        json.encode({"a": object()})


class Shown:
    """A class whose objects say what JSON shows of them."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __json__(self) -> Any:
        return {"shown": self.value}


class Account(msgspec.Struct):
    """A Struct that hides a field."""

    name: str
    password: str = "secret"

    def __json__(self) -> Any:
        return {"name": self.name}


class Envelope(msgspec.Struct, rename="camel", tag="envelope"):
    inner_account: Any
    count: int = 1


@dataclasses.dataclass
class Letter:
    account: Any
    text: str = "hi"


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "_with_forms", set())
    json.register_form(Account)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (Account("a"), b'{"name":"a"}'),
        ([Account("a"), 1], b'[{"name":"a"},1]'),
        ({"x": {"y": (Account("a"),)}}, b'{"x":{"y":[{"name":"a"}]}}'),
        ({1: Account("a")}, b'{"1":{"name":"a"}}'),
        (Envelope(Account("a")), b'{"type":"envelope","innerAccount":{"name":"a"},"count":1}'),
        (Letter(Account("a")), b'{"account":{"name":"a"},"text":"hi"}'),
        (Shown([Account("a")]), b'{"shown":[{"name":"a"}]}'),
        (Shown(Shown(Account("a"))), b'{"shown":{"shown":{"name":"a"}}}'),
        (Envelope([1]), b'{"type":"envelope","innerAccount":[1],"count":1}'),
        ({"a": datetime.date(2026, 1, 2), "b": None}, b'{"a":"2026-01-02","b":null}'),
    ],
)
def test_a_registered_class_is_shown_by_its_form_wherever_it_stands(value: Any, encoded: bytes) -> None:
    assert json.encode(value) == encoded


@pytest.mark.usefixtures("registered")
def test_what_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UnencodableValue):
        json.encode(loop)


def test_pydantic_models_hide_what_they_exclude() -> None:
    class Pretender:
        """What pydantic's models have, without pydantic."""

        def model_dump(self, *, mode: str, by_alias: bool) -> dict[str, Any]:
            return {"mode": mode, "by_alias": by_alias}

    assert json.encode([Pretender()]) == b'[{"mode":"json","by_alias":true}]'


def test_an_error_names_what_it_is_about_and_a_forgotten_await() -> None:
    async def load() -> None: ...

    with pytest.raises(UnencodableValue, match="a set can't become JSON"):
        json.encode((1, {object()}), about={object()})
    forgotten = load()
    with pytest.raises(UnencodableValue, match=r"a coroutine can't become JSON") as caught:
        json.encode((1, forgotten), about=forgotten)
    forgotten.close()
    assert caught.value.why == "it was not awaited"
    assert caught.value.fix == "await load(...), in an async def"


class Bare:
    pass


async def find() -> None: ...


class Awaitable:
    def __await__(self) -> Any: ...


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (Bare(), ""),
        ([1, Bare()], "the value's [1], a Bare"),
        ({"users": [{"id": 1}, {"boss": (Bare(),)}]}, "the value's ['users'][1]['boss'][0], a Bare"),
        ({(1, 2): 3}, "the value's key (1, 2), a tuple"),
        ({"a": {1: Bare()}}, "the value's ['a'][1], a Bare"),
    ],
)
def test_the_place_of_what_has_no_json_form_is_named(value: Any, where: str) -> None:
    with pytest.raises(UnencodableValue) as caught:
        json.encode(value)
    assert caught.value.where == where


def test_what_to_do_about_it_depends_on_what_it_is() -> None:
    coroutine = find()
    for value, fix in (
        ([coroutine], "await find(...), in an async def"),
        (Awaitable(), "await it, in an async def"),
        (BadRequest("no"), "raise it: raise BadRequest(...)"),
        (starlette.responses.Response("x"), "return the value itself, or Response.json(value, status=...) of spica"),
    ):
        with pytest.raises(UnencodableValue) as caught:
            json.encode(value)
        assert caught.value.fix == fix
    coroutine.close()


def test_the_place_in_what_contains_itself_is_short() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(UnencodableValue) as caught:
        json.encode(value)
    assert len(caught.value.where) < 100
