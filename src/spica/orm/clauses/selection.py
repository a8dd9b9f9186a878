"""Rows other than the model's: `select`, `group`, `having`, `distinct`."""

from __future__ import annotations

from keyword import iskeyword
from typing import Self, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.errors import QueryError
from spica.orm.expressions import Column, Condition, Expression, as_condition

M = TypeVar("M")


class Selection(QueryBase[M]):
    """What a query reads instead of whole records."""

    __slots__ = ()

    def distinct(self) -> Self:
        """Drop rows that are the same as another."""
        return self._with_clauses(distinct=True)

    def group(self, *keys: str | Expression) -> Self:
        """Make one row of all that have the same values in these fields or expressions.

        Raises:  UnknownField with near matches; QueryError for an expression with values, which a database does not
                 know again when it is selected.
        """
        expressions = [self._expression(key) for key in keys]
        if not expressions:
            raise QueryError("group needs the name of a field")
        for expression in expressions:
            if expression.values:
                raise QueryError(
                    f"a query can't be grouped by {expression!r}",
                    why="it has values, so databases don't take it for the same expression when it is selected",
                    fix="select it in a query of its own, and group that: rows = query.cte(...)",
                )
        groups = tuple(self._operand(expression) for expression in expressions)
        return self._with_clauses(groups=self._rare.clauses.groups + groups)

    def having(self, *conditions: Condition | bool) -> Self:
        """Keep the groups for which every condition holds, as `count() > 5`."""
        given = [as_condition(condition) for condition in conditions]
        shapes = tuple(self._known(condition, "have a condition on") for condition in given)
        query = self._with_clauses(having=self._rare.clauses.having + shapes)
        values = sum((condition.values for condition in given), self._rare.having_values)
        query._rare = query._rare._replace(having_values=values)
        return query

    def select(self, *what: str | Expression, **named: str | Expression) -> Self:
        """Read these instead of whole records; awaiting the query gives named tuples.

        Args:    what: names of fields, or expressions; named: expressions by the name that their value shall have.
        Example: for row in await Post.select("author_id", posts=count()).group("author_id"): row.author_id, row.posts
        """
        expressions = [self._expression(item) for item in (*what, *named.values())]
        if not expressions:
            raise QueryError("select needs the name of a field or an expression")
        names = (*(_name_of(item, number) for number, item in enumerate(expressions[: len(what)])), *named)
        for name in names:
            if names.count(name) > 1 or name.startswith("_") or not name.isidentifier() or iskeyword(name):
                raise QueryError(
                    f"select can't call a value {name!r}",
                    why="two have this name" if names.count(name) > 1 else "a row could not have it as attribute",
                    fix="give it another: select(total=count())",
                )
        query = self._copy()
        query._rare = self._rare._replace(
            selected=tuple(self._operand(item) for item in expressions),
            names=names,
            selected_values=tuple(item.values for item in expressions),
        )
        return query


def _name_of(expression: Expression, number: int) -> str:
    """What a selected value is called that was given no name: its field, its function, or its place."""
    if isinstance(expression, Column):
        return expression.name
    match expression.shape:
        case ("fn", name, *_) | ("over", ("fn", name, *_), *_) | ("part", name, _):
            return str(name)
    return f"value{number}"
