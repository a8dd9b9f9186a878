"""Functions of a database in expressions: `count(Comment.id).desc()`, `sum_(Order.price * Order.quantity)`."""

from __future__ import annotations

from typing import Any

from spica.orm.errors import QueryError
from spica.orm.expressions import Condition, Expression, Subquery, as_condition, in_full


def count(expression: Expression | None = None, *, distinct: bool = False) -> Expression:
    """How many rows a group has, or in how many the expression is not NULL; distinct: how many different values."""
    if expression is None:
        if distinct:
            raise QueryError(
                "count(distinct=True) needs what to count", fix="write count(Post.author_id, distinct=True)"
            )
        return Expression(None, ("fn", "count"), int)
    return _called("count_distinct" if distinct else "count", expression, int)


def sum_(expression: Expression) -> Expression:
    """The sum of a group's numbers; NULL when it has none."""
    return _called("sum", _number("sum_", expression))


def average(expression: Expression) -> Expression:
    """The average of a group's numbers; NULL when it has none."""
    return _called("average", _number("average", expression), float)


def minimum(expression: Expression) -> Expression:
    """The smallest value of a group."""
    return _called("minimum", _comparable("minimum", expression))


def maximum(expression: Expression) -> Expression:
    """The largest value of a group."""
    return _called("maximum", _comparable("maximum", expression))


def lower(expression: Expression) -> Expression:
    """The text in small letters (ASCII ones on SQLite)."""
    return _called("lower", _text("lower", expression))


def upper(expression: Expression) -> Expression:
    """The text in capital letters (ASCII ones on SQLite)."""
    return _called("upper", _text("upper", expression))


def exists(query: Subquery, *conditions: Condition | bool) -> Condition:
    """There is a row in another query.

    Args:    query: of another model; conditions: further ones, which may compare it with the query around.
    Example: Post.where(exists(Comment.where(spam=True), Comment.post_id == Post.id))
    """
    if not isinstance(query, Subquery):
        raise QueryError(f"exists needs a query, got {query!r}", fix="write exists(Comment.where(...))")
    schema, shape, values = query.as_subquery()
    further = [as_condition(condition) for condition in conditions]
    if further and (shape.bounded or shape.clauses.having):
        raise QueryError("exists takes no further conditions on a query with a limit, an offset or having")
    shapes = tuple(condition.shape if condition.schema is schema else in_full(condition) for condition in further)
    shape = shape._replace(conditions=shape.conditions + shapes)
    return Condition(None, ("exists", schema, shape), sum((condition.values for condition in further), values))


def _called(name: str, expression: Expression, kind: type | None = None) -> Expression:
    _expression(name, expression)
    return Expression(expression.schema, ("fn", name, expression.shape), kind or expression.kind, expression.values)


def _number(name: str, expression: Expression) -> Expression:
    if not _expression(name, expression).is_numeric:
        raise QueryError(f"{name} needs numbers, {expression!r} has none")
    return expression


def _comparable(name: str, expression: Expression) -> Expression:
    _expression(name, expression).check_comparable()
    return expression


def _text(name: str, expression: Expression) -> Expression:
    if _expression(name, expression).kind is not str:
        raise QueryError(f"{name} needs text, {expression!r} has none")
    return expression


def _expression(name: str, expression: Any) -> Expression:
    if not isinstance(expression, Expression):
        raise QueryError(
            f"{name} needs a field or an expression, got {expression!r}", fix=f"write {name}(Post.{expression})"
        )
    return expression
