"""The types of columns and parameters, and the tables of models, in SQLAlchemy's words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from spica.orm.schema import Schema

TYPES: dict[type, Any] = {
    str: sa.String,
    int: sa.BigInteger,
    float: sa.Float,
    bool: sa.Boolean,
    datetime: sa.DateTime(timezone=True),
    date: sa.Date,
    Decimal: sa.Numeric,
    UUID: sa.Uuid,
    bytes: sa.LargeBinary,
    list: sa.Text().with_variant(postgresql.JSONB(), "postgresql"),
    dict: sa.Text().with_variant(postgresql.JSONB(), "postgresql"),
}


def table_of(schema: Schema) -> Any:
    """The table of a model."""
    return sa.table(schema.table, *[sa.column(field.name, TYPES[field.storage]) for field in schema.fields])
