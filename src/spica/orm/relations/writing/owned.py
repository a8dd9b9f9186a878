"""Writing through has_many and has_one: the targets have the key of their owner.

Rules of this file:
- A record comes by being saved with the key. It goes by what `dependent` says, with its key emptied where that says
  nothing.
- A has_one has one: another takes its place, and the one before goes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spica.orm.errors import QueryError
from spica.orm.relations.access import keep
from spica.orm.relations.dependents import nullable_key
from spica.orm.relations.relation import Relation
from spica.orm.relations.writing.writer import check_records, lock_row, refuse_values, save

BATCH = 1_000


class OwnedWriter:
    """Writes through a has_many or a has_one of one record."""

    def __init__(self, relation: Relation, owner: Any) -> None:
        self._relation = relation
        self._owner = owner
        self._key = getattr(owner, relation.key)
        self._goes = relation.options.dependent in ("destroy", "delete")

    def build(self, given: Mapping[str, Any]) -> Any:
        record = self._relation.target(given)
        self._take(record)
        return record

    async def create(self, given: Mapping[str, Any]) -> Any:
        record = self.build(given)
        await self.add([record], {})
        return record

    async def add(self, records: Sequence[Any], values: Mapping[str, Any]) -> None:
        relation = self._relation
        refuse_values(relation, values)
        check_records(relation, records)
        if not relation.many:
            if len(records) > 1:
                raise QueryError(f"{relation!r} is one record, got {len(records)}")
            await lock_row(self._owner)
            await self._remove_others(records)
        for record in records:
            self._take(record)
            await save(record)

    async def remove(self, records: Sequence[Any]) -> None:
        check_records(self._relation, records)
        for record in records:
            if record.persisted and getattr(record, self._relation.foreign_key) == self._key:
                await self._let_go(record)

    async def replace(self, records: Sequence[Any]) -> None:
        check_records(self._relation, records)
        await lock_row(self._owner)
        await self._remove_others(records)
        await self.add(records, {})

    async def clear(self) -> None:
        async for batch in self._owned().in_batches(BATCH):
            for record in batch:
                await self._let_go(record)

    def _owned(self) -> Any:
        return self._relation.target.where(**{self._relation.foreign_key: self._key})

    def _take(self, record: Any) -> None:
        setattr(record, self._relation.foreign_key, self._key)
        if self._relation.inverse is not None:
            keep(record, self._relation.inverse, self._owner)

    async def _remove_others(self, records: Sequence[Any]) -> None:
        async for batch in self._owned().in_batches(BATCH):
            for record in batch:
                if record not in records:
                    await self._let_go(record)

    async def _let_go(self, record: Any) -> None:
        if self._goes:
            await record.destroy()
            return
        setattr(record, nullable_key(self._relation), None)
        await record.save(validate=False)
