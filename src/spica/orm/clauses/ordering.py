"""In which order a query has its records, and how many: `order`, `reorder`, `limit`, `offset`."""

from __future__ import annotations

from typing import Self, TypeVar

from spica.orm.clauses.base import QueryBase
from spica.orm.errors import QueryError
from spica.orm.expressions import Expression, Ordering
from spica.orm.shapes import Operand
from spica.validation.coerce import MAX_INTEGER

M = TypeVar("M")


class Orders(QueryBase[M]):
    """The order and the bounds of a query."""

    __slots__ = ()

    def order(self, *keys: str | Ordering | Expression) -> Self:
        """Order by fields or expressions, after the order the query has so far.

        Args:    keys: names of fields, or of what is selected, a "-" in front for largest first; `Post.title.desc()`,
                 `Post.day.desc().nulls_last()`, `count(Comment.id).desc()`.
        Raises:  UnknownField with near matches.
        """
        query = self._copy()
        known = self._schema.by_name
        added: list[tuple[Operand, bool]] = []
        for key in keys:
            if type(key) is str and key in known:
                added.append((key, False))
            else:
                added += query._order_keys(key)
        query._ordering += tuple(added)
        return query

    def reorder(self, *keys: str | Ordering | Expression) -> Self:
        """Order by these instead of the order the query has so far; by nothing without keys."""
        return self._unordered().order(*keys)

    def limit(self, records: int) -> Self:
        """Take at most this many records."""
        query = self._copy()
        query._limit = _checked_bound("limit", records)
        return query

    def offset(self, records: int) -> Self:
        """Skip this many records first."""
        query = self._copy()
        query._offset = _checked_bound("offset", records)
        return query


def _checked_bound(name: str, records: int) -> int:
    if not isinstance(records, int) or isinstance(records, bool) or not 0 <= records <= MAX_INTEGER:
        raise QueryError(f"{name} is a whole number from 0, got {records!r}")
    return records
