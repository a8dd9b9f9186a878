"""Shapes: what the text of a statement depends on, as a key to look its plan up by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from spica.orm.expressions import Shape

Operation = tuple[str, ...]  # ("select",), ("select", "id", "title"), ("count",), ("update", "title"), ...


class QueryShape(NamedTuple):
    """A statement without its values. Values follow in this order: assignments, conditions, limit, offset."""

    operation: Operation
    conditions: tuple[Shape, ...] = ()
    ordering: tuple[tuple[str, bool], ...] = ()  # names, and whether largest first
    bounded: bool = False  # limit and offset come together, so that one text serves both


def list_value_fields(shape: QueryShape) -> list[str | None]:
    """List the field that each value of a statement belongs to, in order; None for limit and offset."""
    verb, *names = shape.operation
    fields: list[str | None] = list(names) if verb in ("insert", "update") else []
    for condition in shape.conditions:
        fields.extend(_walk(condition))
    if shape.bounded:
        fields += [None, None]
    return fields


def _walk(shape: Shape) -> Iterator[str]:
    match shape:
        case ("true",) | ("false",) | ("null", _) | ("columns", _, _, _):
            return
        case ("and" | "or", left, right):
            yield from _walk(left)
            yield from _walk(right)
        case ("not", inner):
            yield from _walk(inner)
        case ("in", name, size):
            for _ in range(size):
                yield name
        case (_, name):
            yield name
