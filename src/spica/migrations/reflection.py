"""Reading columns and indexes from the database, as the data that migrations say them with."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from spica.migrations.columns import Column, Sql
from spica.migrations.operations import AddIndex


@contextmanager
def without_index_warnings() -> Iterator[None]:
    """Silence SQLAlchemy's warning that it leaves out indexes on expressions: whoever asks here knows it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", sa.exc.SAWarning)
        yield


def list_indexes(inspector: sa.Inspector, table: str) -> list[Any]:
    """List the indexes of a table on columns, by name; those on expressions are left out."""
    with without_index_warnings():
        named = [(index["name"], index) for index in inspector.get_indexes(table) if index["name"]]
    return [index for _, index in sorted(named, key=lambda pair: pair[0])]


def read_column(column: Any, reference: Any) -> Column:
    """Build a column from what the database reports of it and of its foreign key, None without one."""
    null = bool(column["nullable"])
    name = column["name"]
    if reference is not None and name.endswith("_id") and reference["referred_columns"] == ["id"]:
        default = _read_default(column["default"], "references")
        table = reference["referred_table"]
        return Column(name, "references", null=null, default=default, table=table, on_delete=read_on_delete(reference))
    type, options = _read_type(column["type"])
    return Column(name, type, null=null, default=_read_default(column["default"], type), **options)


def read_on_delete(reference: Any) -> str | None:
    """Say what a foreign key does to its row when the row it refers to is deleted; None when nothing is said."""
    rule = reference["options"].get("ondelete")
    return rule.lower() if rule and rule.upper() != "NO ACTION" else None


def read_index(table: str, index: Any) -> AddIndex:
    """Build the operation that makes an index as the database reports it."""
    conditions = [str(value) for key, value in index.get("dialect_options", {}).items() if key.endswith("_where")]
    columns = tuple(index["column_names"])
    return AddIndex(table, columns, index["name"], bool(index["unique"]), conditions[0] if conditions else "")


def _read_type(type: sa.types.TypeEngine[Any]) -> tuple[str, dict[str, Any]]:
    """Find the DSL's name of a type that the database reports."""
    match type:
        case sa.CHAR(length=36) | sa.Uuid():
            return "uuid", {}
        case sa.Text():
            return "text", {}
        case sa.String():
            return "string", {"limit": type.length} if type.length else {}
        case sa.Boolean():
            return "boolean", {}
        case sa.BigInteger():
            return "bigint", {}
        case sa.Integer():
            return "integer", {}
        case sa.Float():
            return "float", {}
        case sa.Numeric():
            digits = {"precision": type.precision, "scale": type.scale}
            return "decimal", {name: number for name, number in digits.items() if number is not None}
        case sa.DateTime():
            return "datetime", {}
        case sa.Date():
            return "date", {}
        case sa.Time():
            return "time", {}
        case sa.JSON():
            return "json", {}
    return "binary", {}


def _read_default(text: str | None, type: str) -> Any:
    """Build a column's default from its SQL."""
    if text is None:
        return None
    text = re.sub(r"^('(?:[^']|'')*')::[a-z ]+(\([0-9, ]+\))?$", r"\1", text)  # PostgreSQL: 'a'::character varying
    if type == "boolean":
        return text.strip("'").lower() in ("1", "true")
    if text.startswith("'") and text.endswith("'"):
        return text[1:-1].replace("''", "'")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        float(text)
    except ValueError:
        return Sql(text)
    return text if type == "decimal" else float(text)
