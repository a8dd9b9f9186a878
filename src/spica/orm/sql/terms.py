"""Terms of a statement: conditions, operands and parameters.

Rules of this file:
- Parameters are numbered in the order in which the query holds its values.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import count
from typing import Any

import sqlalchemy as sa

from spica.orm.schema import Schema
from spica.orm.shapes import Operand, QueryShape, Shape, Source, source_of
from spica.orm.sql.functions import ARITHMETIC, COMPARE, FUNCTIONS
from spica.orm.sql.types import TYPES, table_of


class Terms:
    """Builds the terms of one statement; numbers its parameters as it goes.

    outer: the terms of the statement that this one is a subquery of.
    """

    def __init__(self, schema: Schema, dialect: str, outer: Terms | None = None) -> None:
        self.schema = schema
        self.dialect = dialect
        self.table = table_of(schema, dialect)
        self._tables: dict[Schema, Any] = (outer._tables if outer else {}) | {schema: self.table}
        self.names = [field.name for field in schema.fields]
        self._numbers: Iterator[int] = outer._numbers if outer else count()

    def use_alias(self, name: str) -> None:
        """Call the table by another name, where a statement has it twice."""
        self.table = self.table.alias(name)
        self._tables = self._tables | {self.schema: self.table}

    @abstractmethod
    def subquery(self, schema: Schema, shape: QueryShape) -> Any:
        """Build a query inside this statement."""

    def condition(self, shape: Shape) -> Any:
        match shape:
            case ("true",):
                return sa.true()
            case ("false",):
                return sa.false()
            case ("and", left, right):
                return sa.and_(self.condition(left), self.condition(right))
            case ("or", left, right):
                return sa.or_(self.condition(left), self.condition(right))
            case ("not", inner):
                return sa.not_(self.condition(inner))
            case ("null", operand):
                return self.operand(operand).is_(None)
            case ("in", operand, size):
                return self.operand(operand).in_([self.parameter(source_of(operand)) for _ in range(size)])
            case ("in_query", operand, schema, query):
                return self.operand(operand).in_(self.subquery(schema, query))
            case ("exists", schema, query):
                return sa.exists(self.subquery(schema, query))
            case ("like", operand):
                return self.operand(operand).like(self.parameter(source_of(operand)))
            case ("like_escaped", operand):
                return self.operand(operand).like(self.parameter(source_of(operand)), escape="\\")
            case ("ilike", operand):
                return self.operand(operand).ilike(self.parameter(source_of(operand)))
            case ("columns", comparison, left, right):
                return COMPARE[comparison](self.operand(left), self.operand(right))
            case (comparison, operand):
                return COMPARE[comparison](self.operand(operand), self.parameter(source_of(operand)))
        raise AssertionError(f"no such condition: {shape}")

    def operand(self, operand: Operand) -> Any:
        match operand:
            case str():
                return self.table.c[operand]
            case ("of", schema, name):
                return self._tables[schema].c[name]
            case ("fn", name, *inner):
                return FUNCTIONS[name](*map(self.operand, inner))
            case ("arith", operation, left, right):
                return ARITHMETIC[operation](self.operand(left), self.operand(right))
            case ("value", source):
                return self.parameter(source)
        raise AssertionError(f"no such operand: {operand}")

    def assignments(self, names: list[str]) -> dict[str, Any]:
        return {name: self.parameter(name) for name in names}

    def parameter(self, source: Source) -> Any:
        # Typed, so that PostgreSQL's dialect can cast it; booleans are always bound, never written as literals.
        kind = sa.types.to_instance(TYPES[source]) if isinstance(source, type) else self.operand(source).type
        return sa.bindparam(f"p{next(self._numbers)}", type_=kind, required=True)

    def number(self) -> Any:
        return sa.bindparam(f"p{next(self._numbers)}", type_=sa.BigInteger(), required=True)
