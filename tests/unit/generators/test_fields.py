"""Fields as typed on the command line."""

from __future__ import annotations

import pytest

from spica.generators.errors import BadField, UnknownFieldType
from spica.generators.field_types import FIELD_TYPES
from spica.generators.fields import MODEL_NAMES, Field, parse_field, parse_fields
from spica.migrations.columns import TYPES
from spica.migrations.recorder import TableRecorder
from spica.orm import Model
from spica.orm.declaration import RESERVED


def test_a_bare_name_is_a_string() -> None:
    assert parse_field("title") == Field("title", FIELD_TYPES["string"])


def test_modifiers_come_in_any_order() -> None:
    field = parse_field("slug:string:null:default=none:unique")
    assert (field.unique, field.index, field.null, field.default) == (True, False, True, '"none"')


@pytest.mark.parametrize(
    ("word", "literal"),
    [
        ("a:integer:default=-3", "-3"),
        ("a:float:default=1", "1.0"),
        ("a:decimal:default=1.50", 'Decimal("1.50")'),
        ("a:boolean:default=yes", "True"),
        ("a:boolean:default=0", "False"),
        ('a:string:default=say "hi"', '"say \\"hi\\""'),
    ],
)
def test_a_default_becomes_python_source(word: str, literal: str) -> None:
    assert parse_field(word).default == literal


def test_a_reference_is_stored_by_id() -> None:
    field = parse_field("author:references")
    assert (field.attribute, field.target.model, field.title) == ("author_id", "Author", "Author")


@pytest.mark.parametrize(
    ("word", "required"),
    [
        ("a:string", True),
        ("a:string:null", False),
        ("a:string:default=x", False),
        ("a:integer", False),
        ("a:boolean", False),
    ],
)
def test_text_that_may_not_be_null_is_required(word: str, required: bool) -> None:
    assert parse_field(word).required is required


def test_an_unknown_type_names_near_ones_and_all_when_none_is_near() -> None:
    with pytest.raises(UnknownFieldType, match="did you mean string\\?"):
        parse_field("title:strng")
    with pytest.raises(UnknownFieldType, match="there are string, text, integer"):
        parse_field("title:qqq")


@pytest.mark.parametrize(
    "word",
    [
        "Title:string",
        "2nd:string",
        "class:string",
        "id:integer",
        "created_at:datetime",
        "save:boolean",
        "t\u00efme:date",
        ":string",
        "_x:string",
        "title:string:uniq",
        "rank:integer:default=many",
        "rank:integer:default",
        "day:date:default=today",
        "title:",
        "ok:boolean:default=perhaps",
        "price:decimal:default=abc",
    ],
)
def test_what_does_not_parse_is_refused(word: str) -> None:
    with pytest.raises(BadField):
        parse_field(word)


def test_a_name_is_given_once() -> None:
    with pytest.raises(BadField, match="given twice"):
        parse_fields(["author:references", "author_id:integer"])


def test_names_that_models_keep_for_themselves_are_refused() -> None:
    assert Model.__name__ == "Model"  # its import fills RESERVED
    assert {name for name in RESERVED if not name.startswith("_")} == MODEL_NAMES


def test_every_type_is_one_that_migrations_know() -> None:
    assert set(FIELD_TYPES) <= set(vars(TableRecorder))  # `t.<type>` in create_table
    assert {parse_field(f"name:{type}").column[1] for type in FIELD_TYPES} <= set(TYPES)  # in add_column
