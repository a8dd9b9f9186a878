"""JSON in each database's words: what a path leads to, as JSON or as a value of a type, and what is in a document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from spica.orm.sql.casts import cast_to
from spica.orm.sql.types import MYSQL, TYPES

# The names that databases have for the types of JSON.
_POSTGRESQL: dict[type, tuple[str, ...]] = {str: ("string",), bool: ("boolean",)}
_SQLITE: dict[type, tuple[str, ...]] = {str: ("text",), bool: ("true", "false")}
_MYSQL: dict[type, tuple[str, ...]] = {str: ("STRING",), bool: ("BOOLEAN",)}


def value_at(dialect: str, document: Any, path: Any) -> Any:
    """What a path leads to, as JSON."""
    if dialect == "postgresql":
        return document.op("#>", return_type=TYPES[dict])(path)
    if dialect in MYSQL:
        return sa.func.json_extract(document, path, type_=TYPES[dict])
    return document.op("->", return_type=TYPES[dict])(path)


def typed_value_at(dialect: str, kind: type, document: Any, path: Any) -> Any:
    """What a path leads to, as a value of a type; NULL where it is of another."""
    if dialect == "postgresql":
        found = sa.func.jsonb_typeof(value_at(dialect, document, path))
        text = document.op("#>>", return_type=sa.String())(path)
        value = text if kind is str else cast_to(dialect, _exact(kind), text)
        return _when(found, _POSTGRESQL.get(kind, ("number",)), value)
    if dialect in MYSQL:
        inner = sa.func.json_extract(document, path)
        text = sa.func.json_unquote(inner, type_=sa.String())
        true: Any = sa.literal_column("'true'")
        value = text if kind is str else text == true if kind is bool else cast_to(dialect, _exact(kind), text)
        return _when(sa.func.json_type(inner), _MYSQL.get(kind, ("INTEGER", "DOUBLE", "DECIMAL")), value)
    value = sa.func.json_extract(document, path, type_=TYPES[kind])
    if kind is Decimal:
        value = sa.cast(value, sa.Numeric())  # so that it is compared as a number with the text of a Decimal
    return _when(sa.func.json_type(document, path), _SQLITE.get(kind, ("integer", "real")), value)


def is_null_at(dialect: str, document: Any, path: Any) -> Any:
    """Whether a path leads to null, or nowhere."""
    if dialect == "postgresql":
        kind = sa.func.jsonb_typeof(value_at(dialect, document, path))
    elif dialect in MYSQL:
        kind = sa.func.lower(sa.func.json_type(sa.func.json_extract(document, path)))
    else:
        kind = sa.func.json_type(document, path)
    null: Any = sa.literal_column("'null'")
    return sa.func.coalesce(kind, null) == null


def exists_at(dialect: str, document: Any, path: Any) -> Any:
    """Whether a path leads anywhere."""
    if dialect == "postgresql":
        return value_at(dialect, document, path).is_not(None)
    if dialect in MYSQL:
        return sa.func.json_contains_path(document, sa.literal_column("'one'"), path) == sa.literal_column("1")
    return sa.func.json_type(document, path).is_not(None)


def contains(dialect: str, document: Any, value: Any) -> Any:
    """Whether a document contains another."""
    if dialect == "postgresql":
        return document.op("@>", is_comparison=True)(value)
    if dialect in MYSQL:
        return sa.func.json_contains(document, value) == sa.literal_column("1")
    return sa.func.spica_json_contains(document, value) == sa.literal_column("1")


def _exact(kind: type) -> type:
    """What a number in JSON is cast to: an integer may be compared with one that has a fraction."""
    return Decimal if kind is int else kind


def _when(found: Any, names: tuple[str, ...], value: Any) -> Any:
    return sa.case((found.in_([sa.literal_column(f"'{name}'") for name in names]), value))
