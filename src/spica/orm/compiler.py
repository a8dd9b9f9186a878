"""The compiler: a query's shape to SQL text, by SQLAlchemy Core.

Imported only when a shape is met for the first time (spica.orm.storage): SQLAlchemy takes 0.2 s to import and 0.2 ms to
compile a statement. Shapes that were met before never come here.

Rules of this file:
- A statement is compiled from names that the model has and from numbered parameters. No value reaches this file.
- Parameters are numbered in the order in which the query holds its values; `order` maps the placeholders to them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect

from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape, Source
from spica.orm.sql.statements import StatementBuilder


class Compiled(NamedTuple):
    """A statement's text, for each of its placeholders the number of the value that belongs there, and what each value
    belongs to.
    """

    sql: str
    order: tuple[int, ...]
    sources: tuple[Source, ...]


def compile_shape(schema: Schema, shape: QueryShape, dialect: str) -> Compiled:
    """Compile one shape for one dialect.

    Args:    schema: the model; shape: the operation, its conditions and its order; dialect: SQLAlchemy's name.
    Returns: text with the dialect's placeholders, and their order.
    """
    builder = StatementBuilder(schema, dialect)
    statement = builder.build(shape)
    if dialect == "postgresql" and shape.operation[0] == "insert" and schema.key.name not in shape.operation[1:]:
        statement = statement.returning(
            sa.column(schema.key.fields[0].column)
        )  # the other drivers are told the id of a new row
    compiled = statement.compile(dialect=_dialect(dialect))
    names = compiled.positiontup or ()
    text = re.sub(
        r"\s*\n\s*", " ", str(compiled)
    )  # no text of the statement is quoted, so this changes only the layout
    return Compiled(text, tuple(int(name[1:]) for name in names), tuple(builder.sources))


def _dialect(name: str) -> Dialect:
    # The paramstyle is that of the driver: "?" for sqlite3, "$1" for asyncpg.
    dialect: Dialect = (
        registry.load("postgresql.asyncpg")() if name == "postgresql" else registry.load(name)(paramstyle="qmark")
    )
    return dialect
