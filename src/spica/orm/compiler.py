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
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, registry, sqlite
from sqlalchemy.engine import Dialect

from spica.orm.schema import Schema
from spica.orm.shapes import Operand, QueryShape, Shape, Source, source_of

_TYPES: dict[type, Any] = {
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
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "count": sa.func.count,
    "count_distinct": lambda operand: sa.func.count(sa.distinct(operand)),
    "sum": sa.func.sum,
    "average": sa.func.avg,
    "minimum": sa.func.min,
    "maximum": sa.func.max,
    "lower": sa.func.lower,
    "upper": sa.func.upper,
}
_MYSQL = ("mysql", "mariadb")
_INSERTS: dict[str, Callable[[Any], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
    "mysql": mysql.insert,
    "mariadb": mysql.insert,
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
    statement = _StatementBuilder(schema, dialect).build(shape)
    if dialect == "postgresql" and shape.operation[0] == "insert" and schema.key.name not in shape.operation[1:]:
        statement = statement.returning(sa.column(schema.key.name))  # the other drivers are told the id of a new row
    compiled = statement.compile(dialect=_dialect(dialect))
    names = compiled.positiontup or ()
    text = re.sub(
        r"\s*\n\s*", " ", str(compiled)
    )  # no text of the statement is quoted, so this changes only the layout
    return Compiled(text, tuple(int(name[1:]) for name in names))


def _dialect(name: str) -> Dialect:
    # The paramstyle is that of the driver: "?" for sqlite3, "$1" for asyncpg.
    dialect: Dialect = (
        registry.load("postgresql.asyncpg")() if name == "postgresql" else registry.load(name)(paramstyle="qmark")
    )
    return dialect


class _StatementBuilder:
    """Builds one statement; numbers its parameters as it goes.

    outer: the builder of the statement that this one is a subquery of.
    """

    def __init__(self, schema: Schema, dialect: str, outer: _StatementBuilder | None = None) -> None:
        self._schema = schema
        self._dialect = dialect
        self._table = _table(schema)
        self._tables: dict[Schema, Any] = (outer._tables if outer else {}) | {schema: self._table}
        self._names = [field.name for field in schema.fields]
        self._numbers: Iterator[int] = outer._numbers if outer else count()

    def build(self, shape: QueryShape) -> Any:
        match shape.operation:
            case ("select", *operands):
                return self._select([self._operand(operand) for operand in operands or self._names], shape)
            case ("count",) if shape.bounded or shape.clauses.distinct or shape.clauses.groups:
                columns = [
                    self._operand(name) for name in (self._names if shape.clauses.distinct else self._schema.key.names)
                ]
                return sa.select(sa.func.count()).select_from(self._select(columns, shape).subquery())
            case ("count",):
                return self._select([sa.func.count()], shape)
            case ("aggregate", ("fn", name, operand)) if shape.bounded or shape.clauses.distinct:
                rows = self._select([self._operand(operand).label("value")], shape).subquery()
                return sa.select(_FUNCTIONS[name](rows.c.value))
            case ("aggregate", operand):
                return self._select([self._operand(operand)], shape)
            case ("exists",):
                return self._select([sa.literal_column("1")], shape)
            case ("insert", *names):
                return sa.insert(self._table).values(self._assignments(names))
            case ("insert_rows", rows, conflict, *names):
                return self._insert_rows([self._assignments(names) for _ in range(rows)], conflict)
            case ("update", *names):
                return self._filtered(sa.update(self._table).values(self._assignments(names)), shape)
            case ("delete",):
                return self._filtered(sa.delete(self._table), shape)
        raise AssertionError(f"no such operation: {shape.operation}")

    def _insert_rows(self, rows: list[dict[str, Any]], conflict: Shape) -> Any:
        statement: Any = _INSERTS[self._dialect](self._table).values(rows)
        key = self._names[0]
        match conflict:
            case ("ignore",) | ("update", _, ()) if self._dialect in _MYSQL:
                # Not INSERT IGNORE, which takes wrong values too; "id = id" changes nothing.
                return statement.on_duplicate_key_update({key: self._table.c[key]})
            case ("ignore",) | ("update", _, ()):
                return statement.on_conflict_do_nothing()
            case ("update", _, changed) if self._dialect in _MYSQL:
                return statement.on_duplicate_key_update({name: statement.inserted[name] for name in changed})
            case ("update", keys, changed):
                new = {name: statement.excluded[name] for name in changed}
                return statement.on_conflict_do_update(index_elements=list(keys), set_=new)
        return statement

    def _select(self, columns: list[Any], shape: QueryShape) -> Any:
        clauses = shape.clauses
        statement = self._filtered(sa.select(*columns).select_from(self._table), shape)
        if clauses.groups:
            statement = statement.group_by(*(self._operand(operand) for operand in clauses.groups))
        if clauses.having:
            statement = statement.having(*(self._condition(condition) for condition in clauses.having))
        if clauses.distinct:
            statement = statement.distinct()
        for operand, descending in shape.ordering:
            key = self._operand(operand)
            statement = statement.order_by(key.desc() if descending else key.asc())
        return statement.limit(self._number()).offset(self._number()) if shape.bounded else statement

    def _filtered(self, statement: Any, shape: QueryShape) -> Any:
        return statement.where(*(self._condition(condition) for condition in shape.conditions))

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
            case ("null", operand):
                return self._operand(operand).is_(None)
            case ("in", operand, size):
                return self._operand(operand).in_([self._parameter(source_of(operand)) for _ in range(size)])
            case ("in_query", operand, schema, query):
                return self._operand(operand).in_(_StatementBuilder(schema, self._dialect, self).build(query))
            case ("exists", schema, query):
                return sa.exists(_StatementBuilder(schema, self._dialect, self).build(query))
            case ("like", operand):
                return self._operand(operand).like(self._parameter(source_of(operand)))
            case ("like_escaped", operand):
                return self._operand(operand).like(self._parameter(source_of(operand)), escape="\\")
            case ("ilike", operand):
                return self._operand(operand).ilike(self._parameter(source_of(operand)))
            case ("columns", comparison, left, right):
                return _COMPARE[comparison](self._operand(left), self._operand(right))
            case (comparison, operand):
                return _COMPARE[comparison](self._operand(operand), self._parameter(source_of(operand)))
        raise AssertionError(f"no such condition: {shape}")

    def _operand(self, operand: Operand) -> Any:
        match operand:
            case str():
                return self._table.c[operand]
            case ("of", schema, name):
                return self._tables[schema].c[name]
            case ("fn", name, *inner):
                return _FUNCTIONS[name](*map(self._operand, inner))
            case ("arith", operation, left, right):
                return _ARITHMETIC[operation](self._operand(left), self._operand(right))
            case ("value", source):
                return self._parameter(source)
        raise AssertionError(f"no such operand: {operand}")

    def _assignments(self, names: list[str]) -> dict[str, Any]:
        return {name: self._parameter(name) for name in names}

    def _parameter(self, source: Source) -> Any:
        # Typed, so that PostgreSQL's dialect can cast it; booleans are always bound, never written as literals.
        kind = sa.types.to_instance(_TYPES[source]) if isinstance(source, type) else self._operand(source).type
        return sa.bindparam(f"p{next(self._numbers)}", type_=kind, required=True)

    def _number(self) -> Any:
        return sa.bindparam(f"p{next(self._numbers)}", type_=sa.BigInteger(), required=True)


def _table(schema: Schema) -> Any:
    return sa.table(schema.table, *[sa.column(field.name, _TYPES[field.storage]) for field in schema.fields])
