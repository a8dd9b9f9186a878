"""Running the statement of a query, and making records or named tuples of its rows."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from spica.db.engine import Database
from spica.db.transaction import active_transaction
from spica.orm.chain import Chain
from spica.orm.clauses.rare import NOTHING_RARE
from spica.orm.errors import QueryError
from spica.orm.hydration import Load
from spica.orm.relations.joined import joined_reading
from spica.orm.shapes import PLAIN, Operation
from spica.orm.storage import Plan, storage_of

M = TypeVar("M")

_WHOLE = ("select",)


class Loading(Chain[M]):
    """A query that can run."""

    __slots__ = ()

    def to_sql(self) -> str:
        """The statement's text, with placeholders where the values go."""
        return self._reading()[0].sql

    def _ordered_by_default(self) -> Self:
        return self if self._ordering or self._rare.clauses.groups else self.order(*self._schema.key.names)

    async def _load(self) -> list[M]:
        if self._rare is not NOTHING_RARE:
            return await self._load_rare()
        database, storage = storage_of(self._model)
        plan = storage.plan(self._shape(_WHOLE))
        return storage.load(await database.read(plan.sql, plan.bind(self._bound())))

    async def _load_rare(self) -> list[M]:
        database, storage = storage_of(self._model)
        rare = self._rare
        if rare.clauses.lock is not None:
            check_lockable(self, database)
        plan, load, further = self._reading()
        rows = await database.read(plan.sql, plan.bind(self._bound(self._selected_values)))
        if rare.selected:
            return storage.rows_loader(rare.selected, rare.names)(rows)
        records = load(rows)
        if further:
            await self._model.__preload__(records, further)
        return records

    def _reading(self) -> tuple[Plan, Load, tuple[str, ...]]:
        """The plan of the statement, what makes records of its rows, and the relations that are left to be loaded."""
        database, storage = storage_of(self._model)
        rare = self._rare
        if rare.includes and not rare.selected and rare.clauses == PLAIN:
            joined = joined_reading(database, storage, rare.includes)
            plan = None if joined is None else joined.plan(self._shape(_WHOLE))
            if joined is not None and plan is not None:
                return plan, joined.load, joined.further
        return storage.plan(self._shape(("select", *rare.selected))), storage.load, rare.includes

    async def _rows(self, operation: Operation, operands: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        database, storage = storage_of(self._model)
        ordered = self if self._is_bounded and self._ordering else self._unordered()
        plan = storage.plan(ordered._shape(operation))
        return await database.read(plan.sql, plan.bind(ordered._bound(operands)))


def check_lockable(query: Loading[Any], database: Database) -> None:
    """Refuse a lock that would end with its statement, and one on rows that are made of several. Raises QueryError."""
    schema, clauses = query._schema, query._rare.clauses
    if active_transaction(database) is None:
        raise QueryError(
            f"a query of {schema.model} with lock() ran outside of a transaction",
            why="the lock would end before the record is yours",
            fix="run it, and what it is for, in: async with transaction():",
        )
    if clauses.distinct or clauses.groups:
        key = schema.key.name
        raise QueryError(
            f"a query of {schema.model} with lock() and {'distinct()' if clauses.distinct else 'group()'} can't run",
            why="PostgreSQL can't tell which rows to lock",
            fix=f'lock them by a query around it: {schema.model}.where({key}=query.select("{key}")).lock()'
            if schema.key.size == 1
            else "take the lock off, and lock the rows that it finds by a query of their own",
        )
