"""Rows made up for tables, so that `spica db verify` runs migrations over data.

Rules of this file:
- Every column has a value, the first rows have different ones, and a reference leads to a row that is there.
- A table whose rows are refused (a check that made-up values can't meet) stays without, and is named.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from spica.migrations.catalog import Catalog, without_index_warnings
from spica.migrations.types import Types

ROWS = 3
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # columns hold UTC without saying it


def fill_tables(catalog: Catalog) -> dict[str, str]:
    """Put ROWS rows into every table that has none.

    Returns: the tables that stay empty, with the database's reason; {} when all have rows.
    """
    connection = catalog.connection
    refused = {}
    for name in catalog.order_tables():
        with without_index_warnings():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
        if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar():
            continue
        try:
            with connection.begin_nested():
                for number in range(1, ROWS + 1):
                    connection.execute(table.insert().values(_build_row(catalog, table, number)))
        except (sa.exc.SQLAlchemyError, NoRow) as problem:
            refused[name] = str(getattr(problem, "orig", None) or problem)
    return refused


class NoRow(Exception):
    """A row can't be made up: a reference that may not be empty leads to a table without rows."""


def _build_row(catalog: Catalog, table: sa.Table, number: int) -> dict[str, Any]:
    keys = {column: key for key in table.foreign_keys for column in key.constraint.column_keys}  # type: ignore[union-attr]
    row = {}
    for column in table.columns:
        if column.computed is not None or (column is table.autoincrement_column and column.name not in keys):
            continue  # the database's own to say; a given id would not be counted by PostgreSQL
        key = keys.get(column.name)
        row[column.name] = (
            _build_value(catalog.types, column, number)
            if key is None
            else _refer(catalog.connection, table, key, number)
        )
    return row


def _refer(connection: sa.Connection, table: sa.Table, key: sa.ForeignKey, number: int) -> Any:
    parent, name = key.target_fullname.rsplit(".", 1)
    if parent == table.name:
        return number if name == "id" else None
    column: sa.ColumnClause[Any] = sa.column(name)
    query = sa.select(column).select_from(sa.table(parent)).order_by(column).offset(number - 1).limit(1)
    value = connection.execute(query).scalar()
    if value is None and not key.parent.nullable:
        raise NoRow(f"{parent}, which {table.name}.{key.parent.name} refers to, has no rows")
    return value


def _build_value(types: Types, column: sa.Column[Any], number: int) -> Any:
    type, _ = types.read(column.type)
    if type == "interval":
        return timedelta(minutes=number)
    if type == "json":
        return {"number": number} if isinstance(column.type, sa.JSON) else f'{{"number": {number}}}'
    if type == "boolean":
        return number % 2 == 1
    match column.type:
        case sa.Enum():
            return column.type.enums[number % len(column.type.enums)]
        case sa.Uuid() | sa.CHAR(length=36):
            value = UUID(int=number)
            return value if isinstance(column.type, sa.Uuid) and column.type.as_uuid else str(value)
        case sa.String():
            text = f"{column.name} {number}"
            return text if column.type.length is None else text[-column.type.length :]
        case sa.Integer():
            return number
        case sa.Numeric():
            return Decimal(number) if column.type.asdecimal else float(number)
        case sa.DateTime():
            moment = _EPOCH + timedelta(hours=number)
            return moment.replace(tzinfo=UTC) if column.type.timezone else moment
        case sa.Date():
            return date(2026, 1, number)
        case sa.Time():
            return time(number)
        case sa.ARRAY():
            return []
        case sa.LargeBinary():
            return bytes([number])
    return None
