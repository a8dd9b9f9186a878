"""Writing through many_to_many: the keys of both are in a table of pairs.

Rules of this file:
- A pair that is there is not inserted again: two who add the same at once wait for each other at the owner's row, and
  what comes from the other end is caught by the table's unique index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spica.orm.bulk import insert_rows
from spica.orm.errors import QueryError
from spica.orm.relations.loading import MOST_KEYS, pairs_of
from spica.orm.relations.relation import Relation
from spica.orm.relations.writing.writer import check_records, lock_row, refuse_values, save


class PairedWriter:
    """Writes through a many_to_many of one record."""

    def __init__(self, relation: Relation, owner: Any) -> None:
        self._relation = relation
        self._owner = owner
        self._pairs = pairs_of(relation)
        self._key = getattr(owner, relation.key)

    def build(self, given: Mapping[str, Any]) -> Any:
        raise QueryError(
            f"{self._relation!r} can't be built",
            why="a pair has the keys of two saved records",
            fix=f'create it: await ....related("{self._relation.name}").create(...)',
        )

    async def create(self, given: Mapping[str, Any]) -> Any:
        record = await save(self._relation.target(given))
        await self.add([record], {})
        return record

    async def add(self, records: Sequence[Any], values: Mapping[str, Any]) -> None:
        refuse_values(self._relation, values)
        check_records(self._relation, records)
        for record in records:
            if not record.persisted:
                await save(record)
        await lock_row(self._owner)
        await self._insert(self._keys_of(records))

    async def remove(self, records: Sequence[Any]) -> None:
        check_records(self._relation, records)
        await self._delete([key for key in self._keys_of(records) if key is not None])

    async def replace(self, records: Sequence[Any]) -> None:
        check_records(self._relation, records)
        await lock_row(self._owner)
        wanted = self._keys_of(records)
        known = set(wanted)
        await self._delete([key for key in await self._present() if key not in known])
        await self.add(records, {})

    async def clear(self) -> None:
        await self._pairs.of_owner(self._key).delete_all()

    def _keys_of(self, records: Sequence[Any]) -> list[Any]:
        """The keys of records, each once, in an order that is everywhere the same."""
        return sorted({getattr(record, self._relation.other_key) for record in records}, key=repr)

    async def _present(self) -> list[Any]:
        keys: list[Any] = await self._pairs.of_owner(self._key).pluck(self._pairs.target_key)
        return keys

    async def _insert(self, keys: list[Any]) -> None:
        there = set(await self._present()) if keys else set()
        owner, target = self._pairs.owner_key, self._pairs.target_key
        rows = [{owner: self._key, target: key} for key in keys if key not in there]
        await insert_rows(self._pairs, rows, "ignore")

    async def _delete(self, keys: list[Any]) -> None:
        for start in range(0, len(keys), MOST_KEYS):
            chosen = {self._pairs.target_key: keys[start : start + MOST_KEYS]}
            await self._pairs.of_owner(self._key).where(**chosen).delete_all()
