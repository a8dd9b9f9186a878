"""Taking queries together and apart: `merge`, `unscope`, `unscoped`."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from spica.errors import closest
from spica.orm.clauses.base import NOTHING_FIXED, QueryBase
from spica.orm.clauses.rare import Rare
from spica.orm.errors import QueryError
from spica.orm.shapes import Clauses, qualify, qualify_ordering

M = TypeVar("M")

_PARTS = ("where", "order", "limit", "offset", "group", "having", "select", "distinct", "lock")


class Combining(QueryBase[M]):
    """What a query takes of another, and what it gives up."""

    __slots__ = ()

    def all(self) -> Self:
        """The query itself; reads well where nothing is filtered: `await Post.all()`."""
        return self

    def unscoped(self) -> Self:
        """A query for all records of the model, without default scopes."""
        return self._bare()

    def unscope(self, *parts: str) -> Self:
        """Take parts off the query: "where" (with default scopes), "order", "limit", "offset", "group", "having",
        "select", "distinct", "lock".
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
        """Add the conditions and joins of another query, of the same model or of one that was joined; where that has an
        order, bounds or a selection, they take the place of this one's.

        Example: Post.joins("comments").merge(Comment.visible)
        Raises:  QueryError for a query of a model that was not joined.
        """
        if not isinstance(other, QueryBase) or other._rare.clauses.source is not self._rare.clauses.source:
            raise QueryError(f"a query of {self._schema.model} can't be merged with {other!r}")
        its = self._seen_from_here(other)
        query = self._copy()
        is_same = other._schema is self._schema
        closed, values = other._fixed if is_same and self._fixed[0] else NOTHING_FIXED  # both have the default scopes
        query._conditions += its._conditions[closed:]
        query._values += its._values[values:]
        query._rare = _merged(self._rare, its._rare)
        if its._ordering:
            query._ordering = its._ordering
            query._rare = query._rare._replace(ordering_values=its._rare.ordering_values)
        if its._limit is not None:
            query._limit = its._limit
        query._offset = its._offset or query._offset
        return query

    def _seen_from_here(self, other: QueryBase[Any]) -> QueryBase[Any]:
        """Another query with the names of its fields as they are to be used in this one."""
        schema = other._schema
        if schema is self._schema:
            return other
        if not any(join.schema is schema for join in self._rare.clauses.joins):
            raise self._not_joined(schema, f"can't be merged with one of {schema.model}")
        self._check_unambiguous(schema)
        rare, clauses = other._rare, other._rare.clauses
        seen = other._copy()
        seen._conditions = tuple(qualify(condition, schema) for condition in other._conditions)
        seen._ordering = qualify_ordering(other._ordering, schema)
        seen._rare = rare._replace(
            clauses=clauses._replace(
                groups=tuple(qualify(group, schema) for group in clauses.groups),
                having=tuple(qualify(condition, schema) for condition in clauses.having),
            ),
            selected=tuple(qualify(operand, schema) for operand in rare.selected),
            paths=(),
            includes=(),
        )
        return seen

    def _take_off(self, part: str) -> None:
        rare = self._rare
        match part:
            case "where":
                self._conditions, self._values, self._fixed = (), (), NOTHING_FIXED
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
            case "lock":
                self._rare = rare._replace(clauses=rare.clauses._replace(lock=None))


def _merged(mine: Rare, its: Rare) -> Rare:
    known = {join.schema for join in mine.clauses.joins}
    for join in its.clauses.joins:
        if join.schema in known and join not in mine.clauses.joins:
            raise QueryError(
                f"both queries join {join.schema.model}, each in its own way",
                fix=f'name one of them: one = alias({join.schema.model}, "one"); .joins(..., as_=one)',
            )
    both = bool(its.clauses.joins) and bool(mine.clauses.joins)
    if both and its.join_values and known & {join.schema for join in its.clauses.joins}:
        raise QueryError("both queries join the same tables with values", fix="join them in one of the queries")
    selecting = its if its.selected else mine
    return Rare(
        clauses=Clauses(
            distinct=mine.clauses.distinct or its.clauses.distinct,
            groups=mine.clauses.groups + its.clauses.groups,
            having=mine.clauses.having + its.clauses.having,
            joins=mine.clauses.joins + tuple(join for join in its.clauses.joins if join.schema not in known),
            source=mine.clauses.source,
            lock=its.clauses.lock or mine.clauses.lock,
        ),
        selected=selecting.selected,
        names=selecting.names,
        paths=mine.paths + tuple(path for path in its.paths if path not in mine.paths),
        source_values=mine.source_values,
        join_values=mine.join_values + its.join_values,
        selected_values=selecting.selected_values,
        having_values=mine.having_values + its.having_values,
        ordering_values=mine.ordering_values,
        includes=mine.includes + tuple(path for path in its.includes if path not in mine.includes),
    )
