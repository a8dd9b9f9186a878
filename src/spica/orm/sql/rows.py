"""Where the rows of a statement come from: the model's table, joins, and what other queries give.

Rules of this file:
- A table that queries give is built wherever it stands, so that its values are counted; a CTE is written once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa

from spica.orm.schema import Schema
from spica.orm.shapes import Clauses, QueryShape, Shape
from spica.orm.sql.types import table_of
from spica.orm.tables import Body, Part, TableSchema

_SETS: dict[str, Callable[..., Any]] = {
    "union": sa.union,
    "union_all": sa.union_all,
    "intersect": sa.intersect,
    "except": sa.except_,
}


class Builder(Protocol):
    """What is needed of the builder of a statement."""

    schema: Schema
    dialect: str
    table: Any
    tables: dict[Schema, Any]
    ctes: dict[Schema, Any]

    def condition(self, shape: Shape) -> Any: ...
    def labelled(self, schema: Schema, shape: QueryShape, labels: list[str]) -> Any: ...


def build_rows(builder: Builder, clauses: Clauses) -> Any:
    """Build what a statement selects from, and make its tables known to the builder."""
    if clauses.source is not None:
        builder.table = builder.tables[builder.schema] = _table(builder, clauses.source)
    rows = builder.table
    for join in clauses.joins:
        table = builder.tables[join.schema] = _table(builder, join.schema)
        rows = rows.join(table, builder.condition(join.on), isouter=join.kind == "left")
    return rows


def _table(builder: Builder, schema: Schema) -> Any:
    if not isinstance(schema, TableSchema):
        return table_of(schema, builder.dialect)
    if schema.body is None:
        return table_of(schema, builder.dialect)
    if schema.body.kind == "itself":
        return builder.ctes[schema]
    names = [field.name for field in schema.fields]
    if schema.body.kind == "set":
        return _set(builder, schema.body.parts, names).subquery(schema.model)
    made = (_recursive if schema.body.kind == "recursive" else _cte)(builder, schema, schema.body, names)
    return builder.ctes.setdefault(schema, made)


def _set(builder: Builder, parts: tuple[Part, ...], names: list[str]) -> Any:
    statements = [_part(builder, part, names) for part in parts]
    return _SETS[parts[1].operator](*statements)


def _part(builder: Builder, part: Part, names: list[str]) -> Any:
    statement = builder.labelled(part.schema, part.query, names)
    return statement.subquery().select() if part.query.bounded else statement


def _cte(builder: Builder, schema: TableSchema, body: Body, names: list[str]) -> Any:
    (part,) = body.parts
    return builder.labelled(part.schema, part.query, names).cte(schema.model)


def _recursive(builder: Builder, schema: TableSchema, body: Body, names: list[str]) -> Any:
    first, step = body.parts
    cte = builder.labelled(first.schema, first.query, names).cte(schema.model, recursive=True)
    builder.ctes[body.itself] = cte
    step_statement = builder.labelled(step.schema, step.query, names)
    return cte.union(step_statement) if step.operator == "union" else cte.union_all(step_statement)
