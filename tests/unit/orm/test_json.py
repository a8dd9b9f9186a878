"""What JSON shows of records: never what is hidden, wherever they stand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from spica.http import json
from spica.orm.fields import field
from spica.orm.model import Model
from spica.orm.page import Page
from spica.templates import filters


class Member(Model):
    name: str
    password_hash: str = ""
    reset_token: str | None = None
    salary: int = field(default=0, hidden=True)
    invite_token: str = field(default="", hidden=False)
    tokens_used: int = 0


class Plain(Model):
    title: str


class Upper(Model, abstract=True):
    title: str
    body: str = ""

    def __json__(self) -> dict[str, Any]:
        return {"title": self.title.upper(), "by": Member(name="Ann", password_hash="x")}


class Chosen(Upper):
    pass


class Heir(Upper):
    extra: str = ""


SHOWN = {"id": None, "name": "Ann", "invite_token": "i", "tokens_used": 3}


def member() -> Member:
    return Member(name="Ann", password_hash="argon", reset_token="t", salary=9, invite_token="i", tokens_used=3)


def test_the_json_of_templates_hides_them_too() -> None:
    written = filters.json({"member": [member()]})
    assert "Ann" in written
    assert "argon" not in written
    assert "salary" not in written


class Answer(msgspec.Struct):
    member: Any


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda record: record, []),
        (lambda record: [record], [0]),
        (lambda record: {"member": record}, ["member"]),
        (lambda record: {"a": [{"b": record}]}, ["a", 0, "b"]),
        (lambda record: Answer(record), ["member"]),
        (lambda record: Page([record], page=1, per=10, total=1), ["items", 0]),
    ],
)
def test_hidden_fields_stay_hidden(wrap: Any, path: list[Any]) -> None:
    octets = json.encode(wrap(member()))
    found = msgspec.json.decode(octets)
    for step in path:
        found = found[step]
    assert found == SHOWN
    assert b"argon" not in octets


def test_a_page_says_what_is_needed_to_go_on() -> None:
    page = Page([Plain(title="a")], page=2, per=1, total=3)
    assert msgspec.json.decode(json.encode(page)) == {
        "items": [{"id": None, "title": "a"}],
        "page": 2,
        "per": 1,
        "total": 3,
        "pages": 3,
    }


def test_a_model_may_say_itself_what_is_shown() -> None:
    for kind in (Chosen, Heir):
        shown = msgspec.json.decode(json.encode([kind(title="a")]))[0]
        assert shown["title"] == "A"
        assert "password_hash" not in shown["by"]


def test_only_what_hides_something_costs_a_look() -> None:
    assert Member in json._with_forms
    assert Heir in json._with_forms
    assert Plain not in json._with_forms


def test_other_ways_out_have_all_fields() -> None:
    assert member().to_dict()["password_hash"] == "argon"
