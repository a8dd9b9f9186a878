"""Pairs: the table between the two models of a many_to_many, with two columns and no model of its own.

Queries go through it like through any model, so that names and values are treated alike everywhere.
"""

from __future__ import annotations

from typing import Any

from spica.orm.expressions import Column
from spica.orm.query import Query
from spica.orm.relations.pair_schema import pair_schema
from spica.orm.relations.relation import Relation


class Pairs:
    """The join table of one relation: what a query and a storage ask of a model."""

    def __init__(self, relation: Relation) -> None:
        self.owner_key, self.target_key = relation.foreign_key, relation.target_key
        self.__schema__ = pair_schema(relation)
        self.__query__ = Query
        for field in self.__schema__.fields:
            setattr(self, field.name, Column(self.__schema__, field))

    def targets_of(self, owners: Any) -> Query[Any]:
        """Build the query for the keys of the targets of one owner, of several, or of those that a query has."""
        return self._where(**{self.owner_key: owners}).select(self.target_key)

    def of_owner(self, key: Any) -> Query[Any]:
        """Build the query for the pairs of one owner."""
        return self._where(**{self.owner_key: key})

    async def of_owners(self, keys: list[Any]) -> list[tuple[Any, Any]]:
        """Read the pairs of some owners: their keys and those of the targets."""
        return await self._where(**{self.owner_key: keys}).pluck(self.owner_key, self.target_key)

    def _where(self, **equals: Any) -> Query[Any]:
        query: Query[Any] = Query(self)  # type: ignore[arg-type]  # it is asked for what is above, as a model would be
        return query.where(**equals)
