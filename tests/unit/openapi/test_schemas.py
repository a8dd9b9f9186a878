"""Schemas: each named type once, whatever else has its name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pydantic
import pytest

from spica.openapi.schemas import DECIMAL, Schemas
from spica.orm import Model, Page, field


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
    class Note(Model, table="notes_of_schemas"):
        title: str
        api_token: str = ""

    schemas = Schemas()
    page, again = schemas.of(Page[Note]), schemas.of(Page[Note])
    components = schemas.finish()
    assert page == {"$ref": "#/components/schemas/PageOfNote"}
    assert again == page
    shape = components["PageOfNote"]
    shown = Page([Note(title="a")], page=1, per=20, total=1).__json__()
    assert set(shape["properties"]) == set(shown) == set(shape["required"])
    assert shape["properties"]["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}
    assert "api_token" not in components["Note"]["properties"]


def test_a_page_of_anything_else_is_a_page_too() -> None:
    schemas = Schemas()
    page = schemas.of(Page[int])
    assert schemas.finish()["PageOfint"]["properties"]["items"] == {"type": "array", "items": {"type": "integer"}}
    assert page
