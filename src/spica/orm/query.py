"""Query: an immutable chain, `Post.where(published=True).order("-created_at").limit(20)`, that runs when awaited.

Rules of this file:
- Every call returns a new query. A query is conditions, an order and bounds as a shape, and the values apart.
- Names are checked when they are given, values when the query runs; neither can change the text of the statement.
- `await query` gives a list, `async for` reads in batches, `first`, `count` and the like run at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from spica.orm.errors import QueryError, RecordNotFound
from spica.orm.expressions import Column, Condition, Ordering, Shape, as_condition
from spica.orm.page import Page
from spica.orm.shapes import Operation, QueryShape
from spica.orm.storage import storage_of
from spica.validation.coerce import MAX_INTEGER

if TYPE_CHECKING:
    from spica.orm.schema import Schema

M = TypeVar("M")

_new = object.__new__  # for copies: `__init__` would set everything a first time

_SEVERAL = (list, tuple, set, frozenset, range)  # what `where(name=...)` takes for "any of these"


class Query(Generic[M]):
    """A query for the records of one model."""

    __slots__ = ("_conditions", "_limit", "_model", "_offset", "_ordering", "_values")

    def __init__(self, model: type[M]) -> None:
        self._model: Any = model
        self._conditions: tuple[Shape, ...] = ()
        self._values: tuple[Any, ...] = ()
        self._ordering: tuple[tuple[str, bool], ...] = ()
        self._limit: int | None = None
        self._offset = 0

    # -- chaining -----------------------------------------------------------------------------------------------------

    def where(self, *conditions: Condition | bool, **equals: Any) -> Query[M]:
        """Keep the records for which every condition holds.

        Args:    conditions: as `Post.age >= 18`; equals: values by field; a list means any of them, None means NULL.
        Raises:  UnknownField with near matches, QueryError.
        """
        return self._copy().narrow(conditions, equals)

    def or_(self, *conditions: Condition | bool, **equals: Any) -> Query[M]:
        """Keep, besides what the query has so far, the records for which these conditions hold."""
        other = self.__class__(self._model).narrow(conditions, equals)
        query = self._copy()
        query._conditions = (("or", _all_of(self._conditions), _all_of(other._conditions)),)
        query._values = self._values + other._values
        return query

    def order(self, *keys: str | Ordering) -> Query[M]:
        """Order by fields, after the order the query has so far.

        Args:    keys: names, a "-" in front for largest first, or `Post.title.desc()`.
        Raises:  UnknownField with near matches.
        """
        query = self._copy()
        query._ordering += tuple([self._order_key(key) for key in keys])
        return query

    def limit(self, records: int) -> Query[M]:
        """Take at most this many records."""
        query = self._copy()
        query._limit = _checked_bound("limit", records)
        return query

    def offset(self, records: int) -> Query[M]:
        """Skip this many records first."""
        query = self._copy()
        query._offset = _checked_bound("offset", records)
        return query

    def all(self) -> Query[M]:
        """The query itself; reads well where nothing is filtered: `await Post.all()`."""
        return self

    # -- running ------------------------------------------------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, list[M]]:
        return self._load().__await__()

    async def __aiter__(self) -> AsyncIterator[M]:
        database, storage = storage_of(self._model)
        plan = storage.plan(self._shape(("select",)))
        async for rows in database.stream(plan.sql, plan.bind(self._bound())):
            for record in storage.load(rows):
                yield record

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
        backwards._ordering = tuple((name, not descending) for name, descending in query._ordering)
        return await backwards.first()

    async def find(self, id: Any) -> M:
        """The record with this id. Raises RecordNotFound, a 404 in a request."""
        key = self._schema.field("id").accept(id)
        if type(key) is not int or not -MAX_INTEGER <= key <= MAX_INTEGER:
            raise RecordNotFound(self._schema.model, id)
        records = await self.where(id=key).limit(1)._load()
        if not records:
            raise RecordNotFound(self._schema.model, id)
        return records[0]

    async def find_by(self, *conditions: Condition | bool, **equals: Any) -> M | None:
        """The first record for which the conditions hold, None when there is none."""
        return await self.where(*conditions, **equals).first()

    async def count(self) -> int:
        """How many records there are."""
        return int((await self._rows(("count",)))[0][0])

    async def exists(self, *conditions: Condition | bool, **equals: Any) -> bool:
        """Whether there is a record."""
        query = self.where(*conditions, **equals) if conditions or equals else self
        return bool(await (query if query._limit is not None else query.limit(1))._rows(("exists",)))

    async def pluck(self, *names: str) -> list[Any]:
        """Read some fields without making records: values for one name, tuples for several."""
        fields = [self._schema.field(name) for name in names]
        if not fields:
            raise QueryError("pluck needs the name of a field")
        _, storage = storage_of(self._model)
        rows = await self._rows(("select", *names))
        positions = [field.position for field in fields]
        if len(positions) == 1:
            return [storage.decode(positions[0], row[0]) for row in rows]
        return [tuple(map(storage.decode, positions, row)) for row in rows]

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
        return storage.plan(self._shape(("select",))).sql

    def __repr__(self) -> str:
        return f"<query for {self._schema.model}: {self._shape(('select',))}>"

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _schema(self) -> Schema:
        schema: Schema = self._model.__schema__
        return schema

    @property
    def _is_bounded(self) -> bool:
        return self._limit is not None or self._offset > 0

    def _copy(self) -> Query[M]:
        query: Query[M] = _new(self.__class__)
        query._model = self._model
        query._conditions = self._conditions
        query._values = self._values
        query._ordering = self._ordering
        query._limit = self._limit
        query._offset = self._offset
        return query

    def narrow(self, conditions: tuple[Condition | bool, ...], equals: dict[str, Any]) -> Query[M]:
        """Add conditions to this query itself: for the methods that have just made it."""
        for given in conditions:
            condition = as_condition(given)
            if condition.model != self._schema.model:
                raise QueryError(f"a query of {self._schema.model} can't have a condition on {condition.model}")
            self._add(condition)
        for name, value in equals.items():
            field = self._schema.field(name)
            if value is None or field.is_json or isinstance(value, _SEVERAL):
                column: Column = getattr(self._model, name)
                self._add(column.in_(value) if isinstance(value, _SEVERAL) else column == value)
            else:  # what column == value makes, for the commonest case
                self._conditions += (("eq", name),)
                self._values += (value,)
        return self

    def _add(self, condition: Condition) -> None:
        self._conditions += (condition.shape,)
        self._values += condition.values

    def _order_key(self, key: str | Ordering) -> tuple[str, bool]:
        if type(key) is str and key in self._schema.by_name:
            return key, False
        if isinstance(key, Ordering):
            if key.model != self._schema.model:
                raise QueryError(f"a query of {self._schema.model} can't be ordered by {key.model}.{key.name}")
            return key.name, key.descending
        if not isinstance(key, str):
            key = getattr(key, "name", key)  # a column by itself: Post.title
        descending = isinstance(key, str) and key.startswith("-")
        return self._schema.field(key[1:] if descending else key).name, descending

    def _ordered_by_default(self) -> Query[M]:
        return self if self._ordering else self.order("id")

    def _shape(self, operation: Operation) -> QueryShape:
        return QueryShape(operation, self._conditions, self._ordering, self._is_bounded)

    def _bound(self) -> tuple[Any, ...]:
        if not self._is_bounded:
            return self._values
        return (*self._values, MAX_INTEGER if self._limit is None else self._limit, self._offset)

    async def _load(self) -> list[M]:
        database, storage = storage_of(self._model)
        plan = storage.plan(self._shape(("select",)))
        return storage.load(await database.read(plan.sql, plan.bind(self._bound())))

    async def _rows(self, operation: Operation) -> list[tuple[Any, ...]]:
        database, storage = storage_of(self._model)
        ordered = self if operation[0] == "select" else self._unordered()
        plan = storage.plan(ordered._shape(operation))
        return await database.read(plan.sql, plan.bind(self._bound()))

    async def _write(self, operation: Operation, assigned: tuple[Any, ...] = ()) -> int:
        database, storage = storage_of(self._model)
        plan = storage.plan(self._unordered()._shape(operation))
        return (await database.write(plan.sql, plan.bind(assigned + self._bound()))).rows

    def _unordered(self) -> Query[M]:
        if not self._ordering:
            return self
        query = self._copy()
        query._ordering = ()
        return query

    def _check_unbounded(self, operation: str) -> None:
        if self._is_bounded:
            raise QueryError(
                f"{operation} takes no limit or offset",
                why="a statement that changes rows has none in most databases",
                fix=f"choose the rows first: where(id=await query.pluck('id')).{operation}(...)",
            )


def _all_of(conditions: tuple[Shape, ...]) -> Shape:
    if not conditions:
        return ("true",)
    first, *rest = conditions
    for condition in rest:
        first = ("and", first, condition)
    return first


def _checked_bound(name: str, records: int) -> int:
    if not isinstance(records, int) or isinstance(records, bool) or not 0 <= records <= MAX_INTEGER:
        raise QueryError(f"{name} is a whole number from 0, got {records!r}")
    return records
