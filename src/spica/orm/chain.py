"""The chain of a query: what `where`, `order`, `group`, `limit` and the like make, before anything runs.

Each kind of clause has its own file in spica.orm.clauses; what they share is in spica.orm.clauses.base.
"""

from __future__ import annotations

from typing import Self, TypeVar

from spica.orm.clauses.combining import Combining
from spica.orm.clauses.filters import Filters
from spica.orm.clauses.joins import Joins
from spica.orm.clauses.locks import Locks
from spica.orm.clauses.ordering import Orders
from spica.orm.clauses.selection import Selection
from spica.orm.clauses.sets import Sets
from spica.orm.relations.paths import parse_paths

M = TypeVar("M")


class Chain(Filters[M], Orders[M], Selection[M], Joins[M], Sets[M], Combining[M], Locks[M]):
    """A query as it is put together."""

    __slots__ = ()

    def includes(self, *paths: str) -> Self:
        """Load relations with the records, by one query for each relation, or by a join with that of the records.

        Args:    paths: names of relations, a dot going on from there: "author", "comments.author".
        Raises:  UnknownRelation with near matches.
        """
        parse_paths(self._model, paths)
        query = self._copy()
        query._rare = self._rare._replace(includes=self._rare.includes + paths)
        return query
