"""Functions of a database in expressions: `count(Comment.id).desc()`, `sum_(Order.price * Order.quantity)`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from spica.errors import closest
from spica.orm.errors import QueryError
from spica.orm.expressions import Condition, Expression, Subquery, as_condition, in_full
from spica.orm.fields import SCALARS

_PARTS = ("year", "month", "day", "hour", "minute", "second", "week_day", "year_day")


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


def length(expression: Expression) -> Expression:
    """How many characters the text has."""
    return _called("length", _text("length", expression), int)


def concat(*parts: Expression | str) -> Expression:
    """The texts one after the other; NULL when one of them is."""
    if len(parts) < 2:
        raise QueryError("concat needs at least two texts")
    return _function("concat", [_text("concat", _as_expression("concat", part)) for part in parts], str)


def coalesce(*options: Any) -> Expression:
    """The first of several expressions and values that is not NULL.

    Example: coalesce(User.nickname, User.name, "nobody")
    """
    if len(options) < 2:
        raise QueryError("coalesce needs at least two expressions or values")
    given = [_as_expression("coalesce", option) for option in options]
    return _function("coalesce", given, given[0].kind)


def case(*branches: tuple[Condition | bool, Any], else_: Any = None) -> Expression:
    """The value of the first condition that holds.

    Args:    branches: conditions, each with an expression or a value; else_: for rows where none holds, default NULL.
    Example: case((Post.views > 100, "hot"), (Post.views > 10, "warm"), else_="cold")
    """
    if not branches or not all(isinstance(branch, tuple) and len(branch) == 2 for branch in branches):
        raise QueryError("case needs conditions, each with a value", fix='write case((Post.views > 100, "hot"), ...)')
    pairs = [(as_condition(condition), _as_expression("case", then)) for condition, then in branches]
    otherwise = None if else_ is None else _as_expression("case", else_)
    shapes = tuple((in_full(condition), in_full(then)) for condition, then in pairs)
    values: tuple[Any, ...] = sum((condition.values + then.values for condition, then in pairs), ())
    shape = ("case", shapes, None if otherwise is None else in_full(otherwise))
    return Expression(None, shape, pairs[0][1].kind, values + (() if otherwise is None else otherwise.values))


def cast(expression: Expression, kind: type) -> Expression:
    """The value as another type: cast(Post.code, int)."""
    _expression("cast", expression)
    if kind not in SCALARS:
        raise QueryError(
            f"nothing can be cast to {kind!r}", fix=f"the types are {', '.join(kind.__name__ for kind in SCALARS)}"
        )
    return Expression(expression.schema, ("cast", kind, expression.shape), kind, expression.values)


def value(given: Any) -> Expression:
    """A value of the program's as an expression, to be selected: value(0)."""
    if type(given) not in SCALARS:
        raise QueryError(f"{given!r} can't be a value in a query", why="its type is none that a column has")
    return Expression(None, ("value", type(given)), type(given), (given,))


def date_part(part: str, expression: Expression) -> Expression:
    """A part of a date or a time, in UTC, as a whole number.

    Args:    part: "year", "month", "day", "hour", "minute", "second", "week_day" (0 is Sunday) or "year_day" (from 1).
    Example: Post.group(date_part("year", Post.created_at)).select(year=date_part("year", Post.created_at), n=count())
    """
    if part not in _PARTS:
        near = closest(str(part), list(_PARTS))
        raise QueryError(
            f"a time has no part {part!r}",
            fix=f"did you mean {near[0]!r}?" if near else f"its parts are {', '.join(_PARTS)}",
        )
    if _expression("date_part", expression).kind not in (date, datetime):
        raise QueryError(f"date_part needs a date or a time, {expression!r} has none")
    if expression.kind is date and part in ("hour", "minute", "second"):
        raise QueryError(f"{expression!r} is a date, which has no {part}")
    return Expression(expression.schema, ("part", part, expression.shape), int, expression.values)


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


def _function(name: str, arguments: list[Expression], kind: type) -> Expression:
    schemas = {argument.schema for argument in arguments if argument.shape[0] != "value"}
    schema = schemas.pop() if len(schemas) == 1 else None
    shapes = tuple(argument.shape if schema is not None else in_full(argument) for argument in arguments)
    values: tuple[Any, ...] = sum((argument.values for argument in arguments), ())
    return Expression(schema, ("fn", name, *shapes), kind, values)


def _as_expression(name: str, given: Any) -> Expression:
    if isinstance(given, Expression):
        return given
    if type(given) not in SCALARS:
        raise QueryError(
            f"{name} can't take {given!r}", why="it is neither an expression nor a value of a column's type"
        )
    return value(given)


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
