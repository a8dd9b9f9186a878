"""Shapes: what the text of a statement depends on, as a key to look its plan up by.

An operand is what has a value in each row, or for a group of rows:

| operand | means |
|---|---|
| `"title"` | a field of the query's own model |
| `("of", schema, "title")` | a field of a model that is named |
| `("fn", "sum", operand)` | a function; `("fn", "count")` counts rows |
| `("arith", "add", left, right)` | arithmetic |
| `("value", int)` | a value that is bound |

A source says what a bound value belongs to: a field (as the first two operands), a Python type, or None for bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

Shape = tuple[Any, ...]
Operand = Any  # str or a tuple of the table above
Source = Any  # str, ("of", schema, name), a type, or None
Operation = tuple[Any, ...]  # ("select",), ("select", "id", "title"), ("count",), ("update", "title"), ...

_COUNTS = ("count", "count_distinct")


class Clauses(NamedTuple):
    """The clauses that few statements have."""

    distinct: bool = False
    groups: tuple[Operand, ...] = ()
    having: tuple[Shape, ...] = ()


PLAIN = Clauses()


class QueryShape(NamedTuple):
    """A statement without its values.

    Values follow in this order: assignments or selected operands, conditions, having, ordering, limit, offset.
    """

    operation: Operation
    conditions: tuple[Shape, ...] = ()
    ordering: tuple[tuple[Operand, bool], ...] = ()  # operands, and whether largest first
    bounded: bool = False  # limit and offset come together, so that one text serves both
    clauses: Clauses = PLAIN


def list_value_sources(shape: QueryShape) -> list[Source]:
    """List what each value of a statement belongs to, in order."""
    sources: list[Source] = []
    verb, *rest = shape.operation
    match verb:
        case "insert" | "update":
            sources.extend(rest)
        case "adjust":
            sources.extend(rest[1:])
        case "insert_rows":
            rows, _, *names = rest
            sources.extend(names * rows)
        case "recount":
            for _, schema, _, _, conditions in rest:
                sources.extend(_walk_subquery(schema, QueryShape(("count",), conditions)))
        case "select" | "aggregate":
            sources.extend(_walk_all(rest))
    sources.extend(_walk_all(shape.conditions))
    sources.extend(_walk_all(shape.clauses.having))
    sources.extend(_walk_all(operand for operand, _ in shape.ordering))
    if shape.bounded:
        sources += [None, None]
    return sources


def count_assigned(shape: QueryShape) -> int:
    """Count the values of a statement that are written into rows; they come first."""
    match shape.operation:
        case ("insert" | "update", *names):
            return len(names)
        case ("insert_rows", rows, _, *names):
            return int(rows) * len(names)
    return 0


def source_of(operand: Operand) -> Source:
    """Find what a value belongs to that is compared with an operand."""
    match operand:
        case ("fn", "average", *_) | ("arith", "truediv", _, _):
            return float
        case ("fn", name, *_) if name in _COUNTS:
            return int
        case ("fn", _, inner):
            return source_of(inner)
        case ("value", source):
            return source
        case ("arith", _, left, right):
            left, right = source_of(left), source_of(right)
            return right if isinstance(left, type) else left if right is int or not isinstance(right, type) else right
    return operand


def qualify(shape: Any, schema: Any) -> Any:
    """Write a condition or an operand so that its fields name their model."""
    match shape:
        case str():
            return ("of", schema, shape)
        case ("of" | "true" | "false" | "value" | "exists", *_):
            return shape
        case ("fn", name, *inner):
            return ("fn", name, *(qualify(operand, schema) for operand in inner))
        case (("arith" | "columns") as kind, operator, left, right):
            return (kind, operator, qualify(left, schema), qualify(right, schema))
        case (("and" | "or") as kind, left, right):
            return (kind, qualify(left, schema), qualify(right, schema))
        case (kind, operand, *rest):  # null, in, in_query, like, eq, ...: one operand, and what has no fields of ours
            return (kind, qualify(operand, schema), *rest)
    raise AssertionError(f"no such shape: {shape}")


def list_schemas(shape: Any) -> set[Any]:
    """List the models that a shape names, without those that only its subqueries know."""
    match shape:
        case ("of", schema, _):
            return {schema}
        case ("exists", schema, query):
            return list_schemas(query.conditions) - {schema}
        case ("in_query", operand, *_):
            return list_schemas(operand)
        case tuple():
            return {schema for part in shape for schema in list_schemas(part)}
    return set()


def _walk_all(shapes: Iterable[Any]) -> Iterator[Source]:
    for shape in shapes:
        yield from _walk(shape)


def _walk(shape: Any) -> Iterator[Source]:
    match shape:
        case str() | ("true" | "false" | "of", *_):
            return
        case ("value", source):
            yield source
        case ("fn", _, *inner):
            yield from _walk_all(inner)
        case ("and" | "or", left, right) | ("arith" | "columns", _, left, right):
            yield from _walk(left)
            yield from _walk(right)
        case ("not" | "null", inner):
            yield from _walk(inner)
        case ("in", operand, size):
            yield from _walk(operand)
            for _ in range(size):
                yield source_of(operand)
        case ("in_query", operand, schema, query):
            yield from _walk(operand)
            yield from _walk_subquery(schema, query)
        case ("exists", schema, query):
            yield from _walk_subquery(schema, query)
        case (_, operand):
            yield from _walk(operand)
            yield source_of(operand)


def _walk_subquery(schema: Any, query: QueryShape) -> Iterator[Source]:
    for source in list_value_sources(query):
        yield qualify(source, schema) if isinstance(source, str) else source
