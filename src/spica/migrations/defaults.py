"""Defaults of columns as SQL, and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from spica.migrations.columns import Sql

_CAST = re.compile(r"^('(?:[^']|'')*')::[a-z ]+(\([0-9, ]+\))?( without time zone| with time zone)?$")
_NOW = re.compile(r"current_timestamp(\(\d*\))?", re.IGNORECASE)


def build_default(value: Any) -> Any:
    """Build SQLAlchemy's `server_default` of a value; None for none."""
    match value:
        case None:
            return None
        case Sql(text):
            return sql_text(text)
        case bool():
            return sa.true() if value else sa.false()
        case int() | float() | Decimal():
            return sa.text(str(value))
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        case date() | UUID():
            return str(value)
        case list() | dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)


def read_default(text: str | None, type: str) -> Any:
    """Build a column's default from its SQL.

    Args:    text: the SQL, None for no default; type: the column's, in the DSL's words.
    Returns: the value in one form whichever database reports it; Sql for an expression.
    """
    if text is None:
        return None
    text = _CAST.sub(r"\1", text)  # PostgreSQL: 'a'::character varying
    if _NOW.fullmatch(text):
        return Sql("CURRENT_TIMESTAMP")
    if type == "boolean":
        return text.strip("'").lower() in ("1", "true")
    is_text = text.startswith("'") and text.endswith("'")
    value = text[1:-1].replace("''", "'") if is_text else text
    try:
        return _READERS[type](value) if type in _READERS else _read_value(value, is_text=is_text)
    except (ValueError, ArithmeticError):  # an expression, or what only this database takes for a value
        return value if is_text else Sql(text)


def _read_value(value: str, *, is_text: bool) -> Any:
    if is_text:
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)


def _read_decimal(value: str) -> Any:
    """A decimal without the zeros that a database adds; a whole one as int, others as text, which is exact."""
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


def _read_datetime(value: str) -> str:
    """A point in time without the fraction and the zone that a database adds: `2026-01-01 00:00:00.000000+00`."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(" ")


def _read_json(value: str) -> str:
    return msgspec.json.encode(msgspec.json.decode(value), order="sorted").decode()


_READERS: dict[str, Callable[[str], Any]] = {
    "decimal": _read_decimal,
    "datetime": _read_datetime,
    "json": _read_json,
}


def sql_text(sql: str) -> sa.TextClause:
    """Take SQL as it is: a colon in it begins no parameter."""
    return sa.text(escape_sql(sql))


def escape_sql(sql: str) -> str:
    """Write SQL so that SQLAlchemy's `text` takes it as it is."""
    return sql.replace("\\", "\\\\").replace(":", "\\:")
