"""Running the statement of a query, and making records or named tuples of its rows."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from spica.orm.chain import Chain
from spica.orm.shapes import Operation
from spica.orm.storage import storage_of

M = TypeVar("M")


class Loading(Chain[M]):
    """A query that can run."""

    __slots__ = ()

    def to_sql(self) -> str:
        """The statement's text, with placeholders where the values go."""
        _, storage = storage_of(self._model)
        return storage.plan(self._shape(("select", *self._rare.selected))).sql

    def _ordered_by_default(self) -> Self:
        return self if self._ordering or self._rare.clauses.groups else self.order(*self._schema.key.names)

    async def _load(self) -> list[M]:
        database, storage = storage_of(self._model)
        if self._rare.selected:
            plan = storage.plan(self._shape(("select", *self._rare.selected)))
            rows = await database.read(plan.sql, plan.bind(self._bound(self._rare.selected_values)))
            return storage.rows_loader(self._rare.selected, self._rare.names)(rows)
        plan = storage.plan(self._shape(("select",)))
        records = storage.load(await database.read(plan.sql, plan.bind(self._bound())))
        if self._rare.includes:
            await self._model.__preload__(records, self._rare.includes)
        return records

    async def _rows(self, operation: Operation, operands: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        database, storage = storage_of(self._model)
        ordered = self if self._is_bounded and self._ordering else self._unordered()
        plan = storage.plan(ordered._shape(operation))
        return await database.read(plan.sql, plan.bind(ordered._bound(operands)))
