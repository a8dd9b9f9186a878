"""Schemas: each named type once, whatever else has its name."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, NotRequired, TypedDict, TypeVar

import msgspec
import pydantic
import pytest

from spica.openapi.schemas import DECIMAL, Schemas
from spica.orm import CursorPage, Model, Page, field


class Item(msgspec.Struct):
    number: int


def make_item() -> Any:
    class Item(msgspec.Struct):
        text: str

    return Item


class Visitor(Model):
    name: str
    password_digest: str = ""
    note: str = field(default="", hidden=True)


class Note(Model, table="notes_of_schemas"):
    title: str
    api_token: str = ""


T = TypeVar("T")


class Shelf(msgspec.Struct):
    notes: Page[Note]
    name: str = "a"


class Lobby(msgspec.Struct):
    notes: Page[Note] | Item | str | None = None


class Comment(msgspec.Struct, tag="comment", rename="camel"):
    """What was said."""

    all_answers: Page[Comment] | None = None


class Envelope(msgspec.Struct, Generic[T]):
    data: CursorPage[T]


@dataclass
class Board:
    notes: Page[Note]
    name: str = "a"


class Form(TypedDict):
    notes: NotRequired[Page[Note]]
    name: str


class Row(NamedTuple):
    notes: Page[Note]
    number: int = 1


PAGE = {"$ref": "#/components/schemas/PageOfNote"}


def finish(*types: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    schemas = Schemas()
    found = [schemas.of(type_) for type_ in types]
    return found, schemas.finish()


def test_types_of_one_name_get_their_module() -> None:
    first, second = finish(Item, make_item())[0]
    names = [one["$ref"].rpartition("/")[2] for one in (first, second)]
    assert all(name.endswith("Item") and "." in name for name in names)
    assert len(set(names)) == 2


def test_types_of_one_name_and_place_get_numbers() -> None:
    found, components = finish(make_item(), Item, make_item())
    assert len(found) == 3
    assert [one["$ref"] for one in found] == [
        "#/components/schemas/Item",
        "#/components/schemas/Item_2",
        "#/components/schemas/Item",
    ]
    assert list(components) == ["Item", "Item_2"]


def test_a_pydantic_model_of_the_same_name_gets_a_number() -> None:
    model = pydantic.create_model("Item", text=(str, ...))
    (first, second), components = finish(Item, list[model])  # type: ignore[valid-type]
    assert first == {"$ref": "#/components/schemas/Item"}
    assert second == {"type": "array", "items": {"$ref": "#/components/schemas/Item_2"}}
    assert components["Item_2"]["properties"] == {"text": {"title": "Text", "type": "string"}}


def test_what_nobody_knows_is_anything_and_harms_no_other() -> None:
    class Strange:
        pass

    assert finish(Strange, int, list[Strange])[0] == [{}, {"type": "integer"}, {"type": "array", "items": {}}]


def test_hidden_fields_of_models_are_not_told() -> None:
    _, components = finish(list[Visitor])
    assert "name" in components["Visitor"]["properties"]
    assert not {"password_digest", "note"} & components["Visitor"]["properties"].keys()


def test_a_decimal_is_text_or_a_number() -> None:
    assert finish(Decimal)[0] == [{"type": ["string", "number"], "format": "decimal", "pattern": DECIMAL}]


@pytest.mark.parametrize("text", ["1", "-1.50", "+.5", "1e10"])
def test_the_pattern_of_decimals(text: str) -> None:
    import re

    assert re.match(DECIMAL, text)
    assert not re.match(DECIMAL, f"x{text}")


def test_a_page_of_models_has_the_form_that_its_json_has() -> None:
    schemas = Schemas()
    page, again = schemas.of(Page[Note]), schemas.of(Page[Note])
    components = schemas.finish()
    assert page == PAGE
    assert again == page
    shape = components["PageOfNote"]
    shown = Page([Note(title="a")], page=1, per=20, total=1).__json__()
    assert set(shape["properties"]) == set(shown) == set(shape["required"])
    assert shape["properties"]["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}
    assert "api_token" not in components["Note"]["properties"]


def test_a_page_by_cursor_has_the_form_that_its_json_has() -> None:
    (page,), components = finish(CursorPage[Note])
    assert page == {"$ref": "#/components/schemas/CursorPageOfNote"}
    shape = components["CursorPageOfNote"]
    shown = CursorPage([Note(title="a")], per=20, next=None, previous=None).__json__()
    assert set(shape["properties"]) == set(shown) == set(shape["required"])
    assert shape["properties"]["next"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (list[Page[Note]], {"type": "array", "items": PAGE}),
        (dict[str, Page[Note]], {"type": "object", "additionalProperties": PAGE}),
        (Page[Note] | None, {"anyOf": [PAGE, {"type": "null"}]}),
        (Page[Note] | str, {"anyOf": [{"type": "string"}, PAGE]}),
        (Page[Note] | Item, {"anyOf": [PAGE, {"$ref": "#/components/schemas/Item"}]}),
        (Page[Note] | CursorPage[Note], {"anyOf": [PAGE, {"$ref": "#/components/schemas/CursorPageOfNote"}]}),
        (list[Page[Note] | Item], {"type": "array", "items": {"anyOf": [PAGE, {"$ref": "#/components/schemas/Item"}]}}),
    ],
)
def test_a_page_inside_of_other_types_is_a_page(type_: Any, expected: dict[str, Any]) -> None:
    (schema,), components = finish(type_)
    assert schema == expected
    assert "items" in components["PageOfNote"]["properties"]


@pytest.mark.parametrize("type_", [Shelf, Board, Form, Row])
def test_a_page_is_a_field_of_a_record(type_: Any) -> None:
    (schema,), components = finish(type_)
    assert schema == {"$ref": f"#/components/schemas/{type_.__name__}"}
    record = components[type_.__name__]
    assert record["properties"]["notes"] == PAGE
    assert "api_token" not in components["Note"]["properties"]
    assert len(record["properties"]) == 2


def test_a_record_with_a_page_keeps_what_else_it_is() -> None:
    _, components = finish(Shelf, Board, Form, Comment)
    assert components["Shelf"]["properties"]["name"] == {"type": "string", "default": "a"}
    assert components["Board"]["required"] == components["Shelf"]["required"] == ["notes"]
    assert components["Form"]["required"] == ["name"]
    comment = components["Comment"]
    assert comment["description"] == "What was said."
    assert list(comment["properties"]) == ["type", "allAnswers"]
    assert comment["properties"]["allAnswers"] == {
        "anyOf": [{"$ref": "#/components/schemas/PageOfComment"}, {"type": "null"}],
        "default": None,
    }
    assert components["PageOfComment"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Comment"}


def test_a_record_of_any_type_has_pages_of_that_type() -> None:
    (schema,), components = finish(Envelope[Note])
    assert schema == {"$ref": "#/components/schemas/Envelope_Note_"}
    assert components["Envelope_Note_"]["properties"] == {"data": {"$ref": "#/components/schemas/CursorPageOfNote"}}


def test_a_union_that_could_not_be_read_is_told_all_the_same() -> None:
    model = pydantic.create_model("Reading", text=(str, ...))
    (first, second), components = finish(Item | Visitor, model | Item)
    item = {"$ref": "#/components/schemas/Item"}
    assert first == {"anyOf": [item, {"$ref": "#/components/schemas/Visitor"}]}
    assert second == {"anyOf": [{"$ref": "#/components/schemas/Reading"}, item]}
    assert not {"password_digest", "note"} & components["Visitor"]["properties"].keys()
    _, components = finish(Lobby)
    assert components["Lobby"]["properties"]["notes"] == {
        "anyOf": [PAGE, item, {"type": "string"}, {"type": "null"}],
        "default": None,
    }


def test_a_page_of_anything_else_is_a_page_too() -> None:
    schemas = Schemas()
    page = schemas.of(Page[int])
    assert schemas.finish()["PageOfint"]["properties"]["items"] == {"type": "array", "items": {"type": "integer"}}
    assert page
