"""The compiler: a query's shape to SQL text, by SQLAlchemy Core.

Imported only when a shape is met for the first time (spica.orm.storage): SQLAlchemy takes 0.2 s to import and 0.2 ms to
compile a statement. Shapes that were met before never come here.

Rules of this file:
- A statement is compiled from names that the model has and from numbered parameters. No value reaches this file.
- Parameters are numbered in the order in which the query holds its values; `order` maps the placeholders to them.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect

from spica.orm.expressions import Shape
from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape

_TYPES: dict[type, Any] = {
    str: sa.String,
    int: sa.BigInteger,
    float: sa.Float,
    bool: sa.Boolean,
    datetime: sa.DateTime,
    date: sa.Date,
    Decimal: sa.Numeric,
    UUID: sa.Uuid,
    bytes: sa.LargeBinary,
    list: sa.Text,
    dict: sa.Text,
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


class Compiled(NamedTuple):
    """A statement's text, and for each of its placeholders the number of the value that belongs there."""

    sql: str
    order: tuple[int, ...]


def compile_shape(schema: Schema, shape: QueryShape, dialect: str) -> Compiled:
    """Compile one shape for one dialect.

    Args:    schema: the model; shape: the operation, its conditions and its order; dialect: SQLAlchemy's name.
    Returns: text with the dialect's placeholders, and their order.
    """
    statement = _StatementBuilder(schema).build(shape)
    compiled = statement.compile(dialect=_dialect(dialect))
    names = compiled.positiontup or ()
    text = re.sub(
        r"\s*\n\s*", " ", str(compiled)
    )  # no text of the statement is quoted, so this changes only the layout
    return Compiled(text, tuple(int(name[1:]) for name in names))


def _dialect(name: str) -> Dialect:
    # The paramstyle is that of the driver: "?" for sqlite3.
    dialect: Dialect = registry.load(name)(paramstyle="qmark")
    return dialect


class _StatementBuilder:
    """Builds one statement; numbers its parameters as it goes."""

    def __init__(self, schema: Schema) -> None:
        columns: list[sa.ColumnClause[Any]] = [sa.column(field.name, _TYPES[field.storage]) for field in schema.fields]
        self._table = sa.table(schema.table, *columns)
        self._names = [field.name for field in schema.fields]
        self._numbers = count()

    def build(self, shape: QueryShape) -> Any:
        match shape.operation:
            case ("select", *names):
                return self._bounded(self._ordered(sa.select(*self._columns(names or self._names)), shape), shape)
            case ("count",) if shape.bounded:
                rows = self._bounded(sa.select(self._column("id")), shape)
                return sa.select(sa.func.count()).select_from(rows.subquery())
            case ("count",):
                return self._filtered(sa.select(sa.func.count()).select_from(self._table), shape)
            case ("exists",):
                return self._bounded(sa.select(sa.literal_column("1")).select_from(self._table), shape)
            case ("insert", *names):
                return sa.insert(self._table).values(self._assignments(names))
            case ("update", *names):
                return self._filtered(sa.update(self._table).values(self._assignments(names)), shape)
            case ("delete",):
                return self._filtered(sa.delete(self._table), shape)
        raise AssertionError(f"no such operation: {shape.operation}")

    def _filtered(self, statement: Any, shape: QueryShape) -> Any:
        return statement.where(*(self._condition(condition) for condition in shape.conditions))

    def _ordered(self, statement: Any, shape: QueryShape) -> Any:
        for name, descending in shape.ordering:
            column = self._column(name)
            statement = statement.order_by(column.desc() if descending else column.asc())
        return statement

    def _bounded(self, statement: Any, shape: QueryShape) -> Any:
        statement = self._filtered(statement, shape)
        return statement.limit(self._number()).offset(self._number()) if shape.bounded else statement

    def _condition(self, shape: Shape) -> Any:
        match shape:
            case ("true",):
                return sa.true()
            case ("false",):
                return sa.false()
            case ("and", left, right):
                return sa.and_(self._condition(left), self._condition(right))
            case ("or", left, right):
                return sa.or_(self._condition(left), self._condition(right))
            case ("not", inner):
                return sa.not_(self._condition(inner))
            case ("null", name):
                return self._column(name).is_(None)
            case ("in", name, size):
                return self._column(name).in_([self._parameter(name) for _ in range(size)])
            case ("like", name):
                return self._column(name).like(self._parameter(name))
            case ("like_escaped", name):
                return self._column(name).like(self._parameter(name), escape="\\")
            case ("ilike", name):
                return self._column(name).ilike(self._parameter(name))
            case ("columns", comparison, left, right):
                return _COMPARE[comparison](self._column(left), self._column(right))
            case (comparison, name):
                return _COMPARE[comparison](self._column(name), self._parameter(name))
        raise AssertionError(f"no such condition: {shape}")

    def _assignments(self, names: list[str]) -> dict[str, Any]:
        return {name: self._parameter(name) for name in names}

    def _columns(self, names: list[str]) -> list[Any]:
        return [self._column(name) for name in names]

    def _column(self, name: str) -> Any:
        return self._table.c[name]

    def _parameter(self, name: str) -> Any:
        # Typed, so that PostgreSQL's dialect can cast it; booleans are always bound, never written as literals.
        return sa.bindparam(f"p{next(self._numbers)}", type_=self._column(name).type, required=True)

    def _number(self) -> Any:
        return sa.bindparam(f"p{next(self._numbers)}", type_=sa.BigInteger(), required=True)
