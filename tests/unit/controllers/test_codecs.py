"""Codecs of other libraries: pydantic by its adapter, and one that an application registers."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import Annotated, Any

import pydantic
import pytest

from spica import Body, Form, Query
from spica.controllers import codecs
from spica.controllers.codecs import Adapter, register_adapter
from spica.errors.http import BadRequest, FieldError
from spica.injection.errors import RefusedValue
from tests.unit.controllers.requests import context, errors_of, form, json, read, refused_signature, typed


class Address(pydantic.BaseModel):
    city: str = pydantic.Field(min_length=2)


class Person(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    name: str = pydantic.Field(alias="fullName", max_length=5)
    born: datetime.date | None = None
    address: Address | None = None
    tags: list[str] = []


def test_pydantic_models_come_from_json_and_forms() -> None:
    person = read(typed(Person), json(b'{"fullName":"Ann","born":"2000-01-02","address":{"city":"Ulm"}}'))
    assert (person.name, person.born, person.address.city) == ("Ann", datetime.date(2000, 1, 2), "Ulm")
    person = read(typed(Person), form(("fullName", "Ann"), ("address[city]", "Ulm"), ("tags", "a"), ("tags", "b")))
    assert (person.name, person.address.city, person.tags) == ("Ann", "Ulm", ["a", "b"])
    person = read(typed(Annotated[Person, Form("p")]), form(("p[fullName]", "Ann"), ("p[tags]", "a")))
    assert person.tags == ["a"]
    assert read(typed(Annotated[Address, Query()]), context(target="/?value[city]=Ulm")).city == "Ulm"
    assert read(typed(Person | None), json(b"")) is None
    [one] = read(typed(Annotated[list[Address], Body()]), json(b'[{"city":"Ulm"}]'))
    assert one.city == "Ulm"


def test_what_pydantic_refuses_is_listed_as_ours_is() -> None:
    content = b'{"fullName":"toolong","born":"x","address":{"city":"U"},"evil":1}'
    assert errors_of(typed(Person), json(content)) == [
        ("fullName", "too_long"),
        ("born", "type"),
        ("address.city", "too_short"),
        ("evil", "unknown"),
    ]
    assert errors_of(typed(Annotated[Person, Form("p")]), form(("p[born]", "x"))) == [
        ("p.fullName", "missing"),
        ("p.born", "type"),
    ]
    assert errors_of(typed(Annotated[Address, Query()]), context()) == [("value.city", "missing")]


@pytest.mark.parametrize("content", [b"", b"{", b'{"fullName":NaN', b"\xff", b"[" * 500 + b"]" * 500])
def test_malformed_json_is_a_400_for_pydantic_too(content: bytes) -> None:
    with pytest.raises(BadRequest):
        read(typed(Person), json(content))


def test_two_bodies_count_models_as_well() -> None:
    def handler(a: Person, b: Address) -> None: ...

    assert "two parameters read the body" in refused_signature(handler).what


def test_pydantic_is_not_loaded_by_who_does_not_use_it() -> None:
    program = """
import sys
import msgspec
from spica import App
app = App()
class Item(msgspec.Struct):
    name: str
@app.post("/")
def create(item: Item) -> Item:
    return item
app.core
assert "pydantic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents


class MoneyCodec:
    def decode(self, content: bytes) -> object:
        return Money(int(content))

    def convert(self, values: Any, source: str, *, pairs: Any = (), name: str = "") -> object:
        if "cents" not in values:
            raise RefusedValue([FieldError(source, "cents", "is missing", "missing")])
        return Money(int(values["cents"]))


def test_an_application_can_register_types_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "_adapters", list(codecs._adapters))
    register_adapter(Adapter(__name__, lambda type_: type_ is Money, lambda type_: MoneyCodec()))
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__, sys))
    assert read(typed(Money), json(b"7")).cents == 7
    assert read(typed(Money), form(("cents", "8"))).cents == 8
    assert errors_of(typed(Money), form(("x", "8"))) == [("cents", "missing")]
