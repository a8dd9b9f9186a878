"""Statements: what a shape says, as a SELECT, INSERT, UPDATE or DELETE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape, Shape
from spica.orm.sql.functions import FUNCTIONS
from spica.orm.sql.rows import build_rows
from spica.orm.sql.terms import Terms
from spica.orm.sql.types import MYSQL

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

    def labelled(self, schema: Schema, shape: QueryShape, labels: Sequence[str]) -> Any:
        """Build a query inside this statement whose columns are called so."""
        return StatementBuilder(schema, self.dialect, self).build(shape, labels)

    def build(self, shape: QueryShape, labels: Sequence[str] = ()) -> Any:
        """Build the statement; labels: what the columns of a selection are called."""
        match shape.operation:
            case ("insert", *names):
                return sa.insert(self.table).values(self.assignments(names))
            case ("insert_rows", rows, conflict, *names):
                return self._insert_rows([self.assignments(names) for _ in range(rows)], conflict)
            case ("update", *names):
                return self._changing(sa.update(self.table).values(self.assignments(names)), shape)
            case ("adjust", counts, *names):
                steps = {name: self.table.c[name] + self.parameter(name) for name in names[:counts]}
                return self._filtered(sa.update(self.table).values(steps | self.assignments(names[counts:])), shape)
            case ("recount", *counters):
                counted = {name: self._count_of(*rest) for name, *rest in counters}
                return self._filtered(sa.update(self.table).values(counted), shape)
            case ("lock", *names):
                columns = [self.operand(name) for name in names]
                return self._select(self.table, columns, shape).with_for_update(key_share=True)
            case ("delete",):
                return self._changing(sa.delete(self.table), shape)
        rows = build_rows(self, shape.clauses)
        match shape.operation:
            case ("select", *operands):
                columns = [self.operand(operand) for operand in operands or self.names]
                if labels:
                    columns = [column.label(label) for column, label in zip(columns, labels, strict=True)]
                return self._locked(self._select(rows, columns, shape), shape)
            case ("count", *operands) if shape.bounded or shape.clauses.distinct or shape.clauses.groups:
                columns = [self.operand(operand) for operand in operands or self.schema.key.names]
                return sa.select(sa.func.count()).select_from(self._select(rows, columns, shape).subquery())
            case ("count", *_):
                return self._select(rows, [sa.func.count()], shape)
            case ("aggregate", ("fn", name, operand)) if shape.bounded or shape.clauses.distinct:
                values = self._select(rows, [self.operand(operand).label("value")], shape).subquery()
                return sa.select(FUNCTIONS[name](values.c.value))
            case ("aggregate", operand):
                return self._select(rows, [self.operand(operand)], shape)
            case ("exists",):
                return self._select(rows, [sa.literal_column("1")], shape)
        raise AssertionError(f"no such operation: {shape.operation}")

    def _insert_rows(self, rows: list[dict[str, Any]], conflict: Shape) -> Any:
        statement: Any = _INSERTS[self.dialect](self.table).values(rows)
        key = self.names[0]
        match conflict:
            case ("ignore",) | ("update", _, ()) if self.dialect in MYSQL:
                # Not INSERT IGNORE, which takes wrong values too; "id = id" changes nothing.
                return statement.on_duplicate_key_update({key: self.table.c[key]})
            case ("ignore",):
                return statement.on_conflict_do_nothing()
            case ("update", keys, ()):
                columns = [self.table.c[name].name for name in keys]
                return statement.on_conflict_do_nothing(index_elements=columns)
            case ("update", _, changed) if self.dialect in MYSQL:
                return statement.on_duplicate_key_update({name: statement.inserted[name] for name in changed})
            case ("update", keys, changed):
                new = {name: statement.excluded[name] for name in changed}
                columns = [self.table.c[name].name for name in keys]
                return statement.on_conflict_do_update(index_elements=columns, set_=new)
        return statement

    def _select(self, rows: Any, columns: list[Any], shape: QueryShape) -> Any:
        clauses = shape.clauses
        statement = self._filtered(sa.select(*columns).select_from(rows), shape)
        if clauses.groups:
            statement = statement.group_by(*(self.operand(operand) for operand in clauses.groups))
        if clauses.having:
            statement = statement.having(*(self.condition(condition) for condition in clauses.having))
        if clauses.distinct:
            statement = statement.distinct()
        if shape.ordering:
            statement = statement.order_by(*self.ordered(shape.ordering))
        return statement.limit(self.number()).offset(self.number()) if shape.bounded else statement

    def _count_of(self, schema: Schema, foreign_key: str, key: str, conditions: tuple[Shape, ...]) -> Any:
        """Count the rows of a table that have the key of the one that is updated."""
        inner = StatementBuilder(schema, self.dialect, self)
        inner.use_alias("counted")  # it may be the table that is updated
        rows = sa.select(sa.func.count()).select_from(inner.table)
        theirs = inner.table.c[foreign_key] == self.table.c[key]
        return rows.where(theirs, *map(inner.condition, conditions)).correlate(self.table).scalar_subquery()

    def _locked(self, statement: Any, shape: QueryShape) -> Any:
        if shape.clauses.lock is None:
            return statement
        kind, waiting = shape.clauses.lock
        # PostgreSQL locks the rows of every table otherwise, and refuses those of a left join.
        of = self.table if shape.clauses.joins and self.dialect == "postgresql" else None
        return statement.with_for_update(
            read=kind == "share", nowait=waiting == "nowait", skip_locked=waiting == "skip_locked", of=of
        )

    def _changing(self, statement: Any, shape: QueryShape) -> Any:
        if not shape.clauses.joins:
            return self._filtered(statement, shape)
        # The keys by a table of their own: MariaDB changes no table that the same statement reads.
        names = self.schema.key.names
        keys = self.subquery(self.schema, shape._replace(operation=("select", *names))).subquery()
        columns = [self.table.c[name] for name in names]
        chosen = sa.select(*(keys.c[name] for name in names))
        return statement.where((columns[0] if len(names) == 1 else sa.tuple_(*columns)).in_(chosen))

    def _filtered(self, statement: Any, shape: QueryShape) -> Any:
        return statement.where(*(self.condition(condition) for condition in shape.conditions))
