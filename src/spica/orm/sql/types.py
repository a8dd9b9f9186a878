"""The types of columns and parameters, and the tables of models, in SQLAlchemy's words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from spica.orm.arrays import ARRAY_DIALECTS
from spica.orm.fields import Field
from spica.orm.schema import Schema
from spica.orm.tables import TableSchema

TYPES: dict[type, Any] = {
    str: sa.String,
    int: sa.BigInteger,
    float: sa.Float,
    bool: sa.Boolean,
    datetime: sa.DateTime(timezone=True),
    date: sa.Date,
    time: sa.Time,
    timedelta: sa.BigInteger().with_variant(postgresql.INTERVAL(), "postgresql"),
    Decimal: sa.Numeric,
    UUID: sa.Uuid,
    bytes: sa.LargeBinary,
    list: sa.Text().with_variant(postgresql.JSONB(), "postgresql"),
    dict: sa.Text().with_variant(postgresql.JSONB(), "postgresql"),
}
PATH_TYPE = sa.String().with_variant(postgresql.ARRAY(sa.String()), "postgresql")
MYSQL = ("mysql", "mariadb")


def table_of(schema: Schema, dialect: str) -> Any:
    """The table of a model, or of a model under another name; its columns are found by the names of the fields."""
    table = sa.table(schema.table, *[_column(field, dialect) for field in schema.fields])
    return table.alias(schema.model) if isinstance(schema, TableSchema) and schema.body is None else table


def _column(field: Field, dialect: str) -> Any:
    kind = TYPES[field.storage]
    if field.element is not None and dialect in ARRAY_DIALECTS:
        kind = sa.ARRAY(TYPES[field.element])
    column: sa.ColumnClause[Any] = sa.column(field.column, kind)
    column.key = field.name
    return column
