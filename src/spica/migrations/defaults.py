"""Defaults of columns as SQL, and back."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from spica.migrations.columns import Sql

_CAST = re.compile(r"^('(?:[^']|'')*')::[a-z ]+(\([0-9, ]+\))?( without time zone| with time zone)?$")


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
    """Build a column's default from its SQL; `type` is the column's, in the DSL's words."""
    if text is None:
        return None
    text = _CAST.sub(r"\1", text)  # PostgreSQL: 'a'::character varying
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


def sql_text(sql: str) -> sa.TextClause:
    """Take SQL as it is: a colon in it begins no parameter."""
    return sa.text(sql.replace("\\", "\\\\").replace(":", "\\:"))
