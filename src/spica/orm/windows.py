"""Functions that only have a window: `row_number().over(partition_by=Post.author_id, order=Post.views.desc())`.

Aggregates have a window too: `sum_(Sale.amount).over(order=Sale.id)`.
"""

from __future__ import annotations

from typing import Any

from spica.orm.errors import QueryError
from spica.orm.expressions import Expression, Windowed, over


class WindowFunction:
    """A function that needs a window to be an expression."""

    __slots__ = ("_function",)

    def __init__(self, name: str, *arguments: Expression, kind: type) -> None:
        shapes = tuple(argument.shape for argument in arguments)
        values: tuple[Any, ...] = sum((argument.values for argument in arguments), ())
        schema = arguments[0].schema if arguments else None
        self._function = Expression(schema, ("fn", name, *shapes), kind, values)

    def over(
        self, *, partition_by: Windowed = (), order: Windowed = (), rows: tuple[int | None, int | None] | None = None
    ) -> Expression:
        """Compute it for each row; the arguments are those of `Expression.over`."""
        return over(self._function, partition_by=partition_by, order=order, rows=rows)

    def __repr__(self) -> str:
        return f"<window function {self._function.shape[1]}, which needs .over(...)>"


def row_number() -> WindowFunction:
    """The number of the row in its window, from 1."""
    return WindowFunction("row_number", kind=int)


def rank() -> WindowFunction:
    """The place of the row in its window; equal rows share one, and the next is left out."""
    return WindowFunction("rank", kind=int)


def dense_rank() -> WindowFunction:
    """The place of the row in its window; equal rows share one, and none is left out."""
    return WindowFunction("dense_rank", kind=int)


def percent_rank() -> WindowFunction:
    """The place of the row in its window, from 0 to 1."""
    return WindowFunction("percent_rank", kind=float)


def ntile(buckets: int) -> WindowFunction:
    """The number of the bucket that the row comes into when its window is divided evenly."""
    return WindowFunction("ntile", _whole("ntile", buckets), kind=int)


def lag(expression: Expression, rows: int = 1) -> WindowFunction:
    """The value in the row before, or so many rows before; NULL where there is none."""
    return WindowFunction("lag", _field("lag", expression), _whole("lag", rows), kind=expression.kind)


def lead(expression: Expression, rows: int = 1) -> WindowFunction:
    """The value in the row after, or so many rows after; NULL where there is none."""
    return WindowFunction("lead", _field("lead", expression), _whole("lead", rows), kind=expression.kind)


def first_value(expression: Expression) -> WindowFunction:
    """The value in the first row of the window."""
    return WindowFunction("first_value", _field("first_value", expression), kind=expression.kind)


def last_value(expression: Expression) -> WindowFunction:
    """The value in the last row of the window, which ends with the row itself unless `rows` says more."""
    return WindowFunction("last_value", _field("last_value", expression), kind=expression.kind)


def _whole(function: str, number: int) -> Expression:
    if type(number) is not int or number < 1:
        raise QueryError(f"{function} needs a whole number from 1, got {number!r}")
    return Expression(None, ("number", number), int)


def _field(function: str, expression: object) -> Expression:
    if not isinstance(expression, Expression):
        raise QueryError(f"{function} needs a field or an expression, got {expression!r}")
    return expression
