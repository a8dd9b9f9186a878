"""Which records a query keeps: `where`, `where_not`, `or_`, `none`."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.expressions import NEVER, Condition
from spica.orm.shapes import Shape

M = TypeVar("M")


class Filters(QueryBase[M]):
    """The conditions of a query."""

    __slots__ = ()

    def where(self, *conditions: Condition | bool, **equals: Any) -> Self:
        """Keep the records for which every condition holds.

        Args:    conditions: as `Post.age >= 18`; equals: values by field; a list or a query means any of them, None
                 means NULL.
        Raises:  UnknownField with near matches, QueryError.
        """
        return self._copy().narrow(conditions, equals)

    def where_not(self, *conditions: Condition | bool, **equals: Any) -> Self:
        """Keep the records for which not all of these conditions hold."""
        other = self._bare()
        other._rare = self._rare
        other = other.narrow(conditions, equals)
        query = self._copy()
        query._conditions += (("not", _all_of(other._conditions)),)
        query._values += other._values
        return query

    def or_(self, *conditions: Condition | bool, **equals: Any) -> Self:
        """Keep, besides what the query has so far, the records for which these conditions hold.

        What a default scope says holds for both.
        """
        other = self._bare()
        other._rare = self._rare
        other = other.narrow(conditions, equals)
        query = self._copy()
        closed = self._fixed[0]
        fixed, own = self._conditions[:closed], self._conditions[closed:]
        query._conditions = (*fixed, ("or", _all_of(own), _all_of(other._conditions)))
        query._values = self._values + other._values
        return query

    def none(self) -> Self:
        """Keep no record."""
        query = self._copy()
        query._conditions += (NEVER,)
        return query


def _all_of(conditions: tuple[Shape, ...]) -> Shape:
    if not conditions:
        return ("true",)
    first, *rest = conditions
    for condition in rest:
        first = ("and", first, condition)
    return first
