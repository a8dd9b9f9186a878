"""All records of a query, a few at a time: `in_batches`, `find_each`, `async for`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeVar

from spica.orm.errors import QueryError
from spica.orm.reading.loading import Loading, check_lockable
from spica.orm.storage import storage_of

M = TypeVar("M")

BATCH = 1_000


class Batches(Loading[M]):
    """What reads many records without having them all at once."""

    __slots__ = ()

    async def __aiter__(self) -> AsyncIterator[M]:
        database, storage = storage_of(self._model)
        plan = storage.plan(self._shape(("select", *self._rare.selected)))
        load = storage.rows_loader(self._rare.selected, self._rare.names) if self._rare.selected else storage.load
        if self._rare.clauses.lock is not None:
            check_lockable(self, database)
        async for rows in database.stream(plan.sql, plan.bind(self._bound(self._selected_values))):
            records = load(rows)
            if self._rare.includes:
                await self._model.__preload__(records, self._rare.includes)
            for record in records:
                yield record

    async def in_batches(self, of: int = BATCH) -> AsyncIterator[list[M]]:
        """Read all records, by id, in lists: each by a statement of its own that goes on after the last id.

        Args:    of: records in a list, at least 1.
        Raises:  QueryError for a query with an order, bounds, groups or a selection of its own.
        """
        if not isinstance(of, int) or of < 1:
            raise QueryError(f"a batch needs at least 1 record, got {of!r}")
        if self._ordering or self._is_bounded or self._rare.selected or self._rare.clauses.groups:
            raise QueryError(
                "in_batches goes through all records by id",
                why="the query has an order, a limit, an offset, groups or a selection",
                fix='take it off with unscope("order"), or read by `async for`',
            )
        query = self.order(*self._schema.key.names).limit(of)
        if self._rare.clauses.joins:
            query = query.distinct()  # a list may not end in the middle of a record's rows
        records = await query._load()
        while records:
            yield records
            if len(records) < of:
                return
            records = await query.where(self._after(records[-1]))._load()

    async def find_each(self, of: int = BATCH) -> AsyncIterator[M]:
        """Read all records, one by one, by id; as `in_batches` does.

        Args:    of: how many are read at once.
        """
        async for records in self.in_batches(of):
            for record in records:
                yield record

    def _after(self, record: Any) -> Any:
        """Build the condition for the records whose key is larger: a > 1, or a == 1 and b > 2, and so on."""
        *others, last = self._schema.key.names
        condition = getattr(self._model, last) > getattr(record, last)
        for name in reversed(others):
            column, value = getattr(self._model, name), getattr(record, name)
            condition = (column > value) | (column == value) & condition
        return condition
