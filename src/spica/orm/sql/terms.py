"""Terms of a statement: conditions, operands and parameters.

Rules of this file:
- Parameters are numbered in the order in which the query holds its values.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import sqlalchemy as sa

from spica.orm.schema import Schema
from spica.orm.shapes import JSON, PATH, Operand, Ordered, QueryShape, Shape, Source, source_of
from spica.orm.sql import casts, dates, json, windows
from spica.orm.sql.functions import ARITHMETIC, COMPARE, FUNCTIONS, FUNCTIONS_OF
from spica.orm.sql.raw import RawText
from spica.orm.sql.types import PATH_TYPE, TYPES, table_of


class Terms:
    """Builds the terms of one statement; numbers its parameters as it goes.

    outer: the terms of the statement that this one is a subquery of; sources: what each parameter belongs to.
    """

    def __init__(self, schema: Schema, dialect: str, outer: Terms | None = None) -> None:
        self.schema = schema
        self.dialect = dialect
        self.table = table_of(schema, dialect)
        self.tables: dict[Schema, Any] = (outer.tables if outer else {}) | {schema: self.table}
        self.names = [field.name for field in schema.fields]
        self.sources: list[Source] = outer.sources if outer else []
        self.ctes: dict[Schema, Any] = outer.ctes if outer else {}
        self._is_inner = outer is not None

    def use_alias(self, name: str) -> None:
        """Call the table by another name, where a statement has it twice."""
        self.table = self.table.alias(name)
        self.tables = self.tables | {self.schema: self.table}

    @abstractmethod
    def subquery(self, schema: Schema, shape: QueryShape) -> Any:
        """Build a query inside this statement."""

    def condition(self, shape: Shape) -> Any:
        match shape:
            case ("true",):  # a query without conditions, on one side of or_
                return sa.true()
            case ("false",):
                return sa.false()
            case ("and", left, right):
                return sa.and_(self.condition(left), self.condition(right))
            case ("or", left, right):
                return sa.or_(self.condition(left), self.condition(right))
            case ("not", inner):
                return sa.not_(self.condition(inner))
            case ("null", ("json", document)):
                return json.is_null_at(self.dialect, self.operand(document), self.parameter(PATH))
            case ("json_exists", ("json", document)):
                return json.exists_at(self.dialect, self.operand(document), self.parameter(PATH))
            case ("json_contains", document):
                return json.contains(self.dialect, self.operand(document), self.parameter(JSON))
            case ("array_contains", column):
                items = self.operand(column)
                if isinstance(items.type, sa.ARRAY):  # PostgreSQL infers the type: text[] knows no @> with varchar[]
                    wanted = self._bound(self._named(source_of(column)), sa.types.NullType())
                    return RawText(("", " @> ", ""), [items, wanted], sa.Boolean)
                return json.contains(self.dialect, items, self.parameter(source_of(column)))
            case ("raw", *_):
                return self.operand(shape)
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
                return self.tables[schema].c[name]
            case ("fn", name, *inner):
                function = FUNCTIONS_OF.get(self.dialect, {}).get(name) or FUNCTIONS[name]
                return function(*map(self.operand, inner))
            case ("arith", operation, left, right):
                return ARITHMETIC[operation](self.operand(left), self.operand(right))
            case ("value", source):
                return self.parameter(source)
            case ("number", number):
                return sa.literal_column(str(int(number)), sa.Integer())
            case ("is_null", inner):
                return self.operand(inner).is_(None)
            case ("cast", kind, inner):
                return casts.cast_to(self.dialect, kind, self.operand(inner))
            case ("part", part, inner):
                return dates.part_of(self.dialect, part, self.operand(inner))
            case ("json", document):
                return json.value_at(self.dialect, self.operand(document), self.parameter(PATH))
            case ("json_as", kind, ("json", document)):
                return json.typed_value_at(self.dialect, kind, self.operand(document), self.parameter(PATH))
            case ("case", branches, otherwise):
                pairs = [(self.condition(condition), self.operand(then)) for condition, then in branches]
                return sa.case(*pairs, else_=None if otherwise is None else self.operand(otherwise))
            case ("over", inner, partition, ordering, rows):
                function = self.operand(inner)
                groups = [self.operand(group) for group in partition]
                return windows.over(function, groups, self.ordered(ordering), rows)
            case ("raw", parts, sources, kind):
                return RawText(
                    parts, [self.parameter(source) for source in sources], TYPES.get(kind, sa.types.NullType)
                )
        raise AssertionError(f"no such operand: {operand}")

    def ordered(self, ordering: Ordered) -> list[Any]:
        keys = [(self.operand(operand), descending) for operand, descending in ordering]
        return [key.desc() if descending else key.asc() for key, descending in keys]

    def assignments(self, names: list[Any]) -> dict[str, Any]:
        """What is set: a value for a name alone, an expression for ("set", name, operand)."""
        return dict(map(self._assignment, names))

    def _assignment(self, item: Any) -> tuple[str, Any]:
        if isinstance(item, str):
            return item, self._bound(("assigned", item), self.table.c[item].type)
        _, name, operand = item
        return name, self.operand(operand)

    def parameter(self, source: Source) -> Any:
        # Typed, so that PostgreSQL's dialect can cast it; booleans are always bound, never written as literals.
        if source == PATH:
            kind: Any = PATH_TYPE
        elif source == JSON:
            kind = TYPES[dict]
        elif isinstance(source, type):
            kind = sa.types.to_instance(TYPES[source])
        else:
            kind = self.operand(source).type
        bound = self._bound(self._named(source), kind)
        # SQLite compares the text of a Decimal as a number with a column only, not with what is computed.
        is_text = self.dialect == "sqlite" and isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float)
        return sa.cast(bound, kind) if is_text else bound

    def _named(self, source: Source) -> Source:
        """A source with the name of its model, inside another query."""
        return ("of", self.schema, source) if isinstance(source, str) and self._is_inner else source

    def number(self) -> Any:
        """A parameter of a bound."""
        return self._bound(None, sa.BigInteger())

    def _bound(self, source: Source, kind: Any) -> Any:
        self.sources.append(source)
        return sa.bindparam(f"p{len(self.sources) - 1}", type_=kind, required=True)
