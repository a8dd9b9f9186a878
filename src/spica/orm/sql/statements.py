"""Statements: what a shape says, as a SELECT, INSERT, UPDATE or DELETE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape, Shape
from spica.orm.sql.functions import FUNCTIONS
from spica.orm.sql.terms import Terms

_MYSQL = ("mysql", "mariadb")
_INSERTS: dict[str, Callable[[Any], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
    "mysql": mysql.insert,
    "mariadb": mysql.insert,
}


class StatementBuilder(Terms):
    """Builds one statement."""

    def subquery(self, schema: Schema, shape: QueryShape) -> Any:
        """Build a query inside this statement."""
        return StatementBuilder(schema, self.dialect, self).build(shape)

    def build(self, shape: QueryShape) -> Any:
        match shape.operation:
            case ("select", *operands):
                return self._select([self.operand(operand) for operand in operands or self.names], shape)
            case ("count",) if shape.bounded or shape.clauses.distinct or shape.clauses.groups:
                columns = [
                    self.operand(name) for name in (self.names if shape.clauses.distinct else self.schema.key.names)
                ]
                return sa.select(sa.func.count()).select_from(self._select(columns, shape).subquery())
            case ("count",):
                return self._select([sa.func.count()], shape)
            case ("aggregate", ("fn", name, operand)) if shape.bounded or shape.clauses.distinct:
                rows = self._select([self.operand(operand).label("value")], shape).subquery()
                return sa.select(FUNCTIONS[name](rows.c.value))
            case ("aggregate", operand):
                return self._select([self.operand(operand)], shape)
            case ("exists",):
                return self._select([sa.literal_column("1")], shape)
            case ("insert", *names):
                return sa.insert(self.table).values(self.assignments(names))
            case ("insert_rows", rows, conflict, *names):
                return self._insert_rows([self.assignments(names) for _ in range(rows)], conflict)
            case ("update", *names):
                return self._filtered(sa.update(self.table).values(self.assignments(names)), shape)
            case ("adjust", counts, *names):
                steps = {name: self.table.c[name] + self.parameter(name) for name in names[:counts]}
                return self._filtered(sa.update(self.table).values(steps | self.assignments(names[counts:])), shape)
            case ("recount", *counters):
                counted = {name: self._count_of(*rest) for name, *rest in counters}
                return self._filtered(sa.update(self.table).values(counted), shape)
            case ("lock", *names):
                return self._select([self.operand(name) for name in names], shape).with_for_update(key_share=True)
            case ("delete",):
                return self._filtered(sa.delete(self.table), shape)
        raise AssertionError(f"no such operation: {shape.operation}")

    def _insert_rows(self, rows: list[dict[str, Any]], conflict: Shape) -> Any:
        statement: Any = _INSERTS[self.dialect](self.table).values(rows)
        key = self.names[0]
        match conflict:
            case ("ignore",) | ("update", _, ()) if self.dialect in _MYSQL:
                # Not INSERT IGNORE, which takes wrong values too; "id = id" changes nothing.
                return statement.on_duplicate_key_update({key: self.table.c[key]})
            case ("ignore",) | ("update", _, ()):
                return statement.on_conflict_do_nothing()
            case ("update", _, changed) if self.dialect in _MYSQL:
                return statement.on_duplicate_key_update({name: statement.inserted[name] for name in changed})
            case ("update", keys, changed):
                new = {name: statement.excluded[name] for name in changed}
                columns = [self.table.c[name].name for name in keys]
                return statement.on_conflict_do_update(index_elements=columns, set_=new)
        return statement

    def _select(self, columns: list[Any], shape: QueryShape) -> Any:
        clauses = shape.clauses
        statement = self._filtered(sa.select(*columns).select_from(self.table), shape)
        if clauses.groups:
            statement = statement.group_by(*(self.operand(operand) for operand in clauses.groups))
        if clauses.having:
            statement = statement.having(*(self.condition(condition) for condition in clauses.having))
        if clauses.distinct:
            statement = statement.distinct()
        for operand, descending in shape.ordering:
            key = self.operand(operand)
            statement = statement.order_by(key.desc() if descending else key.asc())
        return statement.limit(self.number()).offset(self.number()) if shape.bounded else statement

    def _count_of(self, schema: Schema, foreign_key: str, key: str, conditions: tuple[Shape, ...]) -> Any:
        """Count the rows of a table that have the key of the one that is updated."""
        inner = StatementBuilder(schema, self.dialect, self)
        inner.use_alias("counted")  # it may be the table that is updated
        rows = sa.select(sa.func.count()).select_from(inner.table)
        theirs = inner.table.c[foreign_key] == self.table.c[key]
        return rows.where(theirs, *map(inner.condition, conditions)).correlate(self.table).scalar_subquery()

    def _filtered(self, statement: Any, shape: QueryShape) -> Any:
        return statement.where(*(self.condition(condition) for condition in shape.conditions))
