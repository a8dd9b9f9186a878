"""Query: an immutable chain, `Post.where(published=True).order("-created_at").limit(20)`, that runs when awaited.

Rules of this file:
- What makes a query is in spica.orm.chain; here is what runs one.
- `await query` gives a list, `async for` reads in batches, `first`, `count` and the like run at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping
from typing import Any, TypeVar

from spica.orm.chain import Chain
from spica.orm.errors import QueryError, RecordNotFound, ValidationError
from spica.orm.expressions import Condition, Expression
from spica.orm.functions import average, count, maximum, minimum, sum_
from spica.orm.page import Page
from spica.orm.shapes import Operation
from spica.orm.storage import storage_of
from spica.validation.coerce import MAX_INTEGER

M = TypeVar("M")

BATCH = 1_000


class Query(Chain[M]):
    """A query for the records of one model."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, list[M]]:
        return self._load().__await__()

    async def __aiter__(self) -> AsyncIterator[M]:
        database, storage = storage_of(self._model)
        plan = storage.plan(self._shape(("select", *self._rare.selected)))
        load = storage.rows_loader(self._rare.selected, self._rare.names) if self._rare.selected else storage.load
        async for rows in database.stream(plan.sql, plan.bind(self._bound(self._rare.selected_values))):
            records = load(rows)
            if self._rare.includes:
                await self._model.__preload__(records, self._rare.includes)
            for record in records:
                yield record

    # -- one record ---------------------------------------------------------------------------------------------------

    async def first(self) -> M | None:
        """The first record in the query's order (by id without one), None when there is none."""
        records = await self._ordered_by_default().limit(1)._load()
        return records[0] if records else None

    async def last(self) -> M | None:
        """The last record in the query's order (by id without one), None when there is none."""
        query = self._ordered_by_default()
        if self._is_bounded:
            records = await query._load()
            return records[-1] if records else None
        backwards = query._copy()
        backwards._ordering = tuple((operand, not descending) for operand, descending in query._ordering)
        return await backwards.first()

    async def take(self) -> M | None:
        """Some record, in no order; None when there is none."""
        records = await self.limit(1)._load()
        return records[0] if records else None

    async def sole(self) -> M:
        """The only record. Raises RecordNotFound when there is none, QueryError when there are several."""
        records = await self.limit(2)._load()
        if not records:
            raise RecordNotFound(self._schema.model, None, f"no {self._schema.model} fits the query")
        if len(records) > 1:
            raise QueryError(f"several records fit a query for the sole {self._schema.model}")
        return records[0]

    async def find(self, id: Any) -> M:
        """The record with this id. Raises RecordNotFound, a 404 in a request."""
        key = self._schema.key
        records = await self.where(**dict(zip(key.names, key.parse(id), strict=True))).limit(1)._load()
        if not records:
            raise RecordNotFound(self._schema.model, id)
        return records[0]

    async def find_by(self, *conditions: Condition | bool, **equals: Any) -> M | None:
        """The first record for which the conditions hold, None when there is none."""
        return await self.where(*conditions, **equals).first()

    async def find_or_initialize_by(self, create_with: Mapping[str, Any] | None = None, /, **equals: Any) -> M:
        """The first record with these values, or a new one that has them, not saved.

        Args:    create_with: further values for a new record; equals: values by field.
        """
        record: M | None = await self.find_by(**equals)
        return record if record is not None else self._model(**{**(create_with or {}), **equals})

    async def find_or_create_by(self, create_with: Mapping[str, Any] | None = None, /, **equals: Any) -> M:
        """The first record with these values, or a new one that has them, saved.

        When another process makes it in between and a unique index refuses ours, that one is returned.

        Args:    create_with: further values for a new record; equals: values by field.
        Raises:  ValidationError when the new record is not valid.
        """
        record: M | None = await self.find_by(**equals)
        if record is None:
            try:
                record = await self._model.create(**{**(create_with or {}), **equals})
            except ValidationError:
                record = await self.find_by(**equals)
                if record is None:
                    raise
        return record

    # -- values -------------------------------------------------------------------------------------------------------

    async def count(self, what: str | Expression | None = None, *, distinct: bool = False) -> int:
        """How many records there are; groups, when it has `group`.

        Args:    what: count those where this is not NULL; distinct: how many different values it has.
        """
        if what is not None or distinct:
            return int(await self._aggregate(count(self._field_or_none(what), distinct=distinct)))
        return int((await self._rows(("count",)))[0][0])

    async def sum(self, what: str | Expression) -> Any:
        """The sum of a field, or an expression; 0 when there is no record."""
        return await self._aggregate(sum_(self._expression(what))) or 0

    async def average(self, what: str | Expression) -> float | None:
        """The average of a field, or an expression; None when there is no record."""
        value: float | None = await self._aggregate(average(self._expression(what)))
        return value

    async def minimum(self, what: str | Expression) -> Any:
        """The smallest value of a field, or an expression; None when there is no record."""
        return await self._aggregate(minimum(self._expression(what)))

    async def maximum(self, what: str | Expression) -> Any:
        """The largest value of a field, or an expression; None when there is no record."""
        return await self._aggregate(maximum(self._expression(what)))

    async def exists(self, *conditions: Condition | bool, **equals: Any) -> bool:
        """Whether there is a record."""
        query = self.where(*conditions, **equals) if conditions or equals else self
        return bool(await (query if query._limit is not None else query.limit(1))._rows(("exists",)))

    async def pluck(self, *names: str | Expression) -> list[Any]:
        """Read some fields without making records: values for one name, tuples for several."""
        if not names:
            raise QueryError("pluck needs the name of a field")
        rows: list[Any] = await self.select(**{f"c{number}": name for number, name in enumerate(names)})._load()
        return [row[0] for row in rows] if len(names) == 1 else [tuple(row) for row in rows]

    async def pick(self, *names: str | Expression) -> Any:
        """What `pluck` reads of the first record in the query's order; None when there is none."""
        values = await self.limit(1).pluck(*names)
        return values[0] if values else None

    async def ids(self) -> list[Any]:
        """The ids of the records."""
        return await self.pluck(*self._schema.key.names)

    async def paginate(self, page: int = 1, per: int = 20) -> Page[M]:
        """One page of the query.

        Args:    page: from 1; a smaller number is page 1; per: records a page, at least 1.
        Returns: a Page; beyond the last page it has no items.
        """
        if per < 1:
            raise QueryError(f"a page needs at least 1 record, got per={per}")
        page = min(max(1, page), MAX_INTEGER // per)
        total = await self.count()
        items = await self._ordered_by_default().limit(per).offset((page - 1) * per)._load()
        return Page(items, page=page, per=per, total=total)

    # -- many records -------------------------------------------------------------------------------------------------

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

    async def update_all(self, **values: Any) -> int:
        """Set fields of all records by one statement, without validation and callbacks. Returns how many."""
        self._check_unbounded("update_all")
        if not values:
            raise QueryError("update_all needs a value to set")
        for name in values:
            self._schema.field(name)
        return await self._write(("update", *values), tuple(values.values()))

    async def delete_all(self) -> int:
        """Delete all records by one statement, without callbacks. Returns how many."""
        self._check_unbounded("delete_all")
        return await self._write(("delete",))

    def to_sql(self) -> str:
        """The statement's text, with placeholders where the values go."""
        _, storage = storage_of(self._model)
        return storage.plan(self._shape(("select", *self._rare.selected))).sql

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ordered_by_default(self) -> Query[M]:
        return self if self._ordering or self._rare.clauses.groups else self.order(*self._schema.key.names)

    def _after(self, record: Any) -> Any:
        """Build the condition for the records whose key is larger: a > 1, or a == 1 and b > 2, and so on."""
        *others, last = self._schema.key.names
        condition = getattr(self._model, last) > getattr(record, last)
        for name in reversed(others):
            column, value = getattr(self._model, name), getattr(record, name)
            condition = (column > value) | (column == value) & condition
        return condition

    def _field_or_none(self, what: str | Expression | None) -> Expression | None:
        return None if what is None else self._expression(what)

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

    async def _aggregate(self, expression: Expression) -> Any:
        operand = self._operand(expression)
        if self._rare.clauses.groups:
            raise QueryError(
                "a query with group has a value for each group",
                fix=f'select it: .select("...", value={operand[1]}(...))',
            )
        if self._rare.clauses.distinct:
            raise QueryError("distinct() is of whole rows", fix="of values: count(..., distinct=True)")
        rows = await self._rows(("aggregate", operand), expression.values)
        decode = storage_of(self._model)[1].decoder_of(operand)
        value = rows[0][0]
        return value if value is None or decode is None else decode(value)

    async def _write(self, operation: Operation, assigned: tuple[Any, ...] = ()) -> int:
        database, storage = storage_of(self._model)
        query = self._unordered()
        plan = storage.plan(query._shape(operation))
        return (await database.write(plan.sql, plan.bind(query._bound(assigned)))).rows

    def _check_unbounded(self, operation: str) -> None:
        if self._is_bounded or self._rare.clauses.groups or self._rare.clauses.distinct:
            raise QueryError(
                f"{operation} takes no limit or offset",
                why="a statement that changes rows has none in most databases",
                fix=f"choose the rows first: where(id=await query.pluck('id')).{operation}(...)",
            )
