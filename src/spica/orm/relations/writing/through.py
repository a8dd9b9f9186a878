"""Writing through `has_many(through=...)`: a model of its own stands between the two, with its fields and callbacks.

Rules of this file:
- That model has both keys: the owner's by the first relation, the target's by a belongs_to. Other ways are only read.
- Records between the two are saved and destroyed one by one, so that their rules and callbacks run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spica.orm.errors import QueryError
from spica.orm.relations.relation import Relation
from spica.orm.relations.writing.writer import check_records, lock_row, save


class ThroughWriter:
    """Writes through a has_many that goes through another relation of one record."""

    def __init__(self, relation: Relation, owner: Any) -> None:
        assert relation.through is not None
        first, second = relation.through
        if first.kind != "has_many" or first.through is not None or second.kind != "belongs_to":
            raise QueryError(
                f"{relation!r} can only be read",
                why=f"{first.target.__name__} has not both keys, the one of {first.owner.__name__} and the other",
                fix=f"write where the keys are: {first!r}, {second!r}",
            )
        self._relation = relation
        self._owner = owner
        self._between = first.target
        self._owner_key, self._key = first.foreign_key, getattr(owner, first.key)
        self._target_key, self._held = second.foreign_key, second.key

    def build(self, given: Mapping[str, Any]) -> Any:
        raise QueryError(
            f"{self._relation!r} can't be built",
            why=f"a {self._between.__name__} has the keys of two saved records",
            fix=f'create it: await ....related("{self._relation.name}").create(...)',
        )

    async def create(self, given: Mapping[str, Any]) -> Any:
        record = await save(self._relation.target(given))
        await self.add([record], {})
        return record

    async def add(self, records: Sequence[Any], values: Mapping[str, Any]) -> None:
        check_records(self._relation, records)
        for record in records:
            if not record.persisted:
                await save(record)
        await lock_row(self._owner)
        keys = [getattr(record, self._held) for record in records]
        there = {getattr(one, self._target_key): one for one in await self._joins(keys)}
        for key in dict.fromkeys(keys):
            join = there.get(key)
            if join is None:
                join = self._between({self._owner_key: self._key, self._target_key: key})
            join.assign(values)
            await save(join)

    async def remove(self, records: Sequence[Any]) -> None:
        check_records(self._relation, records)
        for join in await self._joins([getattr(record, self._held) for record in records]):
            await join.destroy()

    async def replace(self, records: Sequence[Any]) -> None:
        check_records(self._relation, records)
        await lock_row(self._owner)
        wanted = {getattr(record, self._held) for record in records}
        for join in await self._all():
            if getattr(join, self._target_key) not in wanted:
                await join.destroy()
        await self.add(records, {})

    async def clear(self) -> None:
        for join in await self._all():
            await join.destroy()

    def _all(self) -> Any:
        return self._between.where(**{self._owner_key: self._key})

    def _joins(self, keys: list[Any]) -> Any:
        return self._all().where(**{self._target_key: [key for key in keys if key is not None]})
