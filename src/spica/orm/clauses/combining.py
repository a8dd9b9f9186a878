"""Taking queries together and apart: `merge`, `unscope`, `unscoped`."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from spica.errors import closest
from spica.orm.clauses.base import QueryBase
from spica.orm.clauses.rare import Rare
from spica.orm.errors import QueryError
from spica.orm.shapes import Clauses, QueryShape, Shape, list_value_sources

M = TypeVar("M")

_PARTS = ("where", "order", "limit", "offset", "group", "having", "select", "distinct")


class Combining(QueryBase[M]):
    """What a query takes of another, and what it gives up."""

    __slots__ = ()

    def all(self) -> Self:
        """The query itself; reads well where nothing is filtered: `await Post.all()`."""
        return self

    def unscoped(self) -> Self:
        """A query for all records of the model, without default scopes."""
        return self.__class__(self._model, unscoped=True)

    def unscope(self, *parts: str) -> Self:
        """Take parts off the query: "where" (with default scopes), "order", "limit", "offset", "group", "having",
        "select", "distinct".
        """
        query = self._copy()
        for part in parts:
            if part not in _PARTS:
                near = closest(str(part), list(_PARTS))
                raise QueryError(
                    f"a query has no part {part!r}",
                    fix=f"did you mean {near[0]!r}?" if near else f"its parts are {', '.join(_PARTS)}",
                )
            query._take_off(part)
        return query

    def merge(self, other: QueryBase[Any]) -> Self:
        """Add the conditions of another query of the same model; where that has an order, bounds or a selection, they
        take the place of this one's.
        """
        if not isinstance(other, QueryBase) or other._schema is not self._schema:
            raise QueryError(f"a query of {self._schema.model} can't be merged with {other!r}")
        query = self._copy()
        skipped = other._fixed if self._fixed else 0  # both have the default scopes; once is enough
        query._conditions += other._conditions[skipped:]
        query._values += other._values[_count_values(other._conditions[:skipped]) :]
        mine, its = self._rare, other._rare
        selecting = its if its.selected else mine
        query._rare = Rare(
            clauses=Clauses(
                distinct=mine.clauses.distinct or its.clauses.distinct,
                groups=mine.clauses.groups + its.clauses.groups,
                having=mine.clauses.having + its.clauses.having,
            ),
            selected=selecting.selected,
            names=selecting.names,
            selected_values=selecting.selected_values,
            having_values=mine.having_values + its.having_values,
            ordering_values=mine.ordering_values,
            includes=mine.includes + tuple(path for path in its.includes if path not in mine.includes),
        )
        if other._ordering:
            query._ordering = other._ordering
            query._rare = query._rare._replace(ordering_values=its.ordering_values)
        if other._limit is not None:
            query._limit = other._limit
        query._offset = other._offset or query._offset
        return query

    def _take_off(self, part: str) -> None:
        rare = self._rare
        match part:
            case "where":
                self._conditions, self._values, self._fixed = (), (), 0
            case "order":
                self._ordering = ()
                self._rare = rare._replace(ordering_values=())
            case "limit":
                self._limit = None
            case "offset":
                self._offset = 0
            case "group":
                self._rare = rare._replace(clauses=rare.clauses._replace(groups=()))
            case "having":
                self._rare = rare._replace(clauses=rare.clauses._replace(having=()), having_values=())
            case "select":
                self._rare = rare._replace(selected=(), names=(), selected_values=())
            case "distinct":
                self._rare = rare._replace(clauses=rare.clauses._replace(distinct=False))


def _count_values(conditions: tuple[Shape, ...]) -> int:
    return len(list_value_sources(QueryShape(("select",), conditions)))
