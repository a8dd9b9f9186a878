"""Shapes: what the text of a statement depends on, as a key to look its plan up by.

An operand is what has a value in each row, or for a group of rows:

| operand | means |
|---|---|
| `"title"` | a field of the query's own model |
| `("of", schema, "title")` | a field of a model that is named |
| `("fn", "sum", *operands)` | a function; `("fn", "count")` counts rows |
| `("arith", "add", left, right)` | arithmetic |
| `("value", int)` | a value that is bound |
| `("number", 2)` | a whole number as part of the text, where databases take no bound value |
| `("cast", int, operand)` | another type |
| `("part", "year", operand)` | a part of a date or a time |
| `("case", ((condition, operand), ...), operand or None)` | the operand of the first condition that holds |
| `("over", operand, operands, ordering, frame)` | a function over a window of rows |
| `("json", operand)` | what a path of keys, which is bound, leads to in JSON |
| `("json_as", int, operand)` | a JSON value as a number, text or truth, NULL when it is something else |
| `("is_null", operand)` | whether it is NULL |
| `("raw", parts, sources, kind)` | hand-written text with a bound value between each two parts; also a condition |

A source says what a bound value belongs to: a field (as the first two operands), ("assigned", name) for what is written
into a field, a Python type, PATH for keys in JSON, JSON for any value as JSON, or None for bounds and what goes to the
driver as it is.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

Shape = tuple[Any, ...]
Operand = Any  # str or a tuple of the table above
Source = Any  # str, ("of", schema, name), ("assigned", name), a type, PATH, JSON, or None
Operation = tuple[Any, ...]  # ("select",), ("select", "id", "title"), ("count",), ("update", "title"), ...
Ordered = tuple[tuple[Operand, bool], ...]  # operands, and whether largest first

PATH: Final = ("path",)
JSON: Final = ("json",)

# What functions give, where that is not what they are given.
_RESULTS: dict[str, type] = {
    "count": int,
    "count_distinct": int,
    "average": float,
    "length": int,
    "row_number": int,
    "rank": int,
    "dense_rank": int,
    "ntile": int,
    "percent_rank": float,
}


class Join(NamedTuple):
    """A table beside that of the model: "inner" or "left", what it is, which rows belong together."""

    kind: str
    schema: Any
    on: Shape


class Clauses(NamedTuple):
    """The clauses that few statements have.

    source: the schema of the table that the rows come from, where that is not the model's own; lock: "update" or
    "share", and what happens with rows that others hold: "", "nowait" or "skip_locked".
    """

    distinct: bool = False
    groups: tuple[Operand, ...] = ()
    having: tuple[Shape, ...] = ()
    joins: tuple[Join, ...] = ()
    source: Any = None
    lock: tuple[str, str] | None = None


PLAIN = Clauses()


class QueryShape(NamedTuple):
    """A statement without its values.

    Values follow in this order: assignments; the source, joins, selected operands, conditions, having, ordering, limit,
    offset.
    """

    operation: Operation
    conditions: tuple[Shape, ...] = ()
    ordering: Ordered = ()
    bounded: bool = False  # limit and offset come together, so that one text serves both
    clauses: Clauses = PLAIN


def source_of(operand: Operand) -> Source:
    """Find what a value belongs to that is compared with an operand."""
    match operand:
        case ("fn", name, *_) if name in _RESULTS:
            return _RESULTS[name]
        case ("arith", "truediv", _, _):
            return float
        case ("part", *_):
            return int
        case ("is_null", *_):
            return bool
        case ("json", *_):
            return JSON
        case ("cast" | "json_as", kind, _):
            return kind
        case ("raw", _, _, kind):
            return kind
        case ("fn", _, inner, *_) | ("over", inner, *_):
            return source_of(inner)
        case ("case", branches, _):
            return source_of(branches[0][1])
        case ("value", source):
            return source
        case ("arith", _, left, right):
            left, right = source_of(left), source_of(right)
            return right if isinstance(left, type) else left if right is int or not isinstance(right, type) else right
    return operand


def qualify(shape: Any, schema: Any) -> Any:
    """Write a condition or an operand so that its fields name their model."""
    match shape:
        case None:
            return None
        case str():
            return ("of", schema, shape)
        case ("of" | "true" | "false" | "value" | "number" | "exists" | "raw", *_):
            return shape
        case ("case", branches, otherwise):
            pairs = tuple((qualify(condition, schema), qualify(then, schema)) for condition, then in branches)
            return ("case", pairs, qualify(otherwise, schema))
        case ("over", inner, partition, ordering, frame):
            groups = tuple(qualify(operand, schema) for operand in partition)
            return ("over", qualify(inner, schema), groups, qualify_ordering(ordering, schema), frame)
        case (("fn" | "arith" | "columns" | "cast" | "part" | "json_as") as kind, what, *inner):
            return (kind, what, *(qualify(operand, schema) for operand in inner))
        case (("and" | "or") as kind, left, right):
            return (kind, qualify(left, schema), qualify(right, schema))
        case (kind, operand, *rest):  # null, in, in_query, like, eq, ...: one operand, and what has no fields of ours
            return (kind, qualify(operand, schema), *rest)
    raise AssertionError(f"no such shape: {shape}")


def qualify_ordering(ordering: Ordered, schema: Any) -> Ordered:
    """Write an order so that its fields name their model."""
    return tuple((qualify(operand, schema), descending) for operand, descending in ordering)


def list_schemas(shape: Any) -> set[Any]:
    """List the models that a shape names, without those that only its subqueries know."""
    match shape:
        case ("of", schema, _):
            return {schema}
        case ("exists", schema, query):
            return _list_outer(schema, query)
        case ("in_query", operand, schema, query):
            return list_schemas(operand) | _list_outer(schema, query)
        case tuple():
            return {schema for part in shape for schema in list_schemas(part)}
    return set()


def _list_outer(schema: Any, query: QueryShape) -> set[Any]:
    """List the models that a subquery names and does not have: those of the query around it."""
    return list_schemas(tuple(query)) - {schema, *(join.schema for join in query.clauses.joins)}
