"""Queries that start at the class: `Post.where(...)` is `Post.all().where(...)`, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from spica.orm.bulk import insert_rows, key_names, upsert_rows
from spica.orm.errors import RecordNotFound
from spica.orm.query import BATCH, Query
from spica.orm.reading.by_sql import find_by_sql
from spica.orm.storage import storage_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from spica.orm.expressions import Condition, Expression, Ordering
    from spica.orm.page import CursorPage, Page
    from spica.orm.schema import Schema


class Querying:
    """The class methods of a model that make queries or run them; each is described in spica.orm.query."""

    __slots__ = ()

    if TYPE_CHECKING:
        __schema__: ClassVar[Schema]
        __query__: ClassVar[type[Query[Any]]]

    @classmethod
    def all(cls) -> Query[Self]:
        """A query for all records."""
        return cls.__query__(cls)

    @classmethod
    def where(cls, *conditions: Condition | bool, **equals: Any) -> Query[Self]:
        """A query for the records for which every condition holds."""
        return cls.__query__(cls).narrow(conditions, equals)

    @classmethod
    def order(cls, *keys: str | Ordering | Expression) -> Query[Self]:
        """A query for all records in an order."""
        return cls.all().order(*keys)

    @classmethod
    def includes(cls, *paths: str) -> Query[Self]:
        """A query for all records, with relations loaded: "author", "comments.author"."""
        return cls.all().includes(*paths)

    @classmethod
    def query(cls) -> Query[Self]:
        """A query for all records, for those who begin with one: repo.all(User.query().where(...))."""
        return cls.all()

    @classmethod
    def joins(cls, *what: Any, on: Condition | bool | None = None, as_: Any = None) -> Query[Self]:
        """A query with the rows of other tables: joins("comments.author")."""
        return cls.all().joins(*what, on=on, as_=as_)

    @classmethod
    def left_joins(cls, *what: Any, on: Condition | bool | None = None, as_: Any = None) -> Query[Self]:
        """A query with the rows of other tables, where there are any."""
        return cls.all().left_joins(*what, on=on, as_=as_)

    @classmethod
    def limit(cls, records: int) -> Query[Self]:
        """A query for at most this many records."""
        return cls.all().limit(records)

    @classmethod
    def offset(cls, records: int) -> Query[Self]:
        """A query that skips this many records."""
        return cls.all().offset(records)

    @classmethod
    def where_not(cls, *conditions: Condition | bool, **equals: Any) -> Query[Self]:
        """A query for the records for which not all of these conditions hold."""
        return cls.all().where_not(*conditions, **equals)

    @classmethod
    def none(cls) -> Query[Self]:
        """A query for no record."""
        return cls.all().none()

    @classmethod
    def distinct(cls) -> Query[Self]:
        """A query for rows without those that are the same as another."""
        return cls.all().distinct()

    @classmethod
    def group(cls, *keys: str | Expression) -> Query[Self]:
        """A query that makes one row of all that have the same values in these fields."""
        return cls.all().group(*keys)

    @classmethod
    def select(cls, *what: str | Expression, **named: str | Expression) -> Query[Any]:
        """A query for named tuples of fields and expressions."""
        return cls.all().select(*what, **named)

    @classmethod
    def unscoped(cls) -> Query[Self]:
        """A query for all records, without default scopes."""
        return cls.__query__(cls, unscoped=True)

    @classmethod
    async def find(cls, id: Any) -> Self:
        """The record with this id. Raises RecordNotFound, a 404 in a request."""
        if cls.__query__.defaults:
            return await cls.all().find(id)
        database, storage = storage_of(cls)
        key = cls.__schema__.key
        if type(id) is int and key.made_by == "database" and -(2**63) <= id < 2**63:  # the commonest
            values: tuple[Any, ...] = (id,)
        else:
            values = storage.encode_key(key.parse(id))
        rows = await database.read(storage.find_sql, values)
        if not rows:
            raise RecordNotFound(cls.__schema__.model, id)
        record: Self = storage.load(rows)[0]
        return record

    @classmethod
    async def find_by(cls, *conditions: Condition | bool, **equals: Any) -> Self | None:
        """The first record for which the conditions hold, None when there is none."""
        return await cls.all().find_by(*conditions, **equals)

    @classmethod
    async def first(cls) -> Self | None:
        """The record with the smallest id, None when there is none."""
        return await cls.all().first()

    @classmethod
    async def last(cls) -> Self | None:
        """The record with the largest id, None when there is none."""
        return await cls.all().last()

    @classmethod
    async def take(cls) -> Self | None:
        """Some record, None when there is none."""
        return await cls.all().take()

    @classmethod
    async def sole(cls) -> Self:
        """The only record. Raises RecordNotFound when there is none, QueryError when there are several."""
        return await cls.all().sole()

    @classmethod
    async def find_or_initialize_by(cls, create_with: Mapping[str, Any] | None = None, /, **equals: Any) -> Self:
        """The first record with these values, or a new one, not saved."""
        return await cls.all().find_or_initialize_by(create_with, **equals)

    @classmethod
    async def find_or_create_by(cls, create_with: Mapping[str, Any] | None = None, /, **equals: Any) -> Self:
        """The first record with these values, or a new one, saved."""
        return await cls.all().find_or_create_by(create_with, **equals)

    @classmethod
    async def count(cls, what: str | Expression | None = None, *, distinct: bool = False) -> int:
        """How many records there are, or in how many something is not NULL."""
        return await cls.all().count(what, distinct=distinct)

    @classmethod
    async def sum(cls, what: str | Expression) -> Any:
        """The sum over all records; 0 when there is none."""
        return await cls.all().sum(what)

    @classmethod
    async def average(cls, what: str | Expression) -> float | None:
        """The average over all records; None when there is none."""
        return await cls.all().average(what)

    @classmethod
    async def minimum(cls, what: str | Expression) -> Any:
        """The smallest value of all records; None when there is none."""
        return await cls.all().minimum(what)

    @classmethod
    async def maximum(cls, what: str | Expression) -> Any:
        """The largest value of all records; None when there is none."""
        return await cls.all().maximum(what)

    @classmethod
    async def exists(cls, *conditions: Condition | bool, **equals: Any) -> bool:
        """Whether there is a record for which the conditions hold."""
        return await cls.all().exists(*conditions, **equals)

    @classmethod
    async def pluck(cls, *names: str | Expression) -> list[Any]:
        """Some fields of all records: values for one name, tuples for several."""
        return await cls.all().pluck(*names)

    @classmethod
    async def pick(cls, *names: str | Expression) -> Any:
        """What `pluck` reads of one record; None when there is none."""
        return await cls.all().pick(*names)

    @classmethod
    async def ids(cls) -> list[Any]:
        """The ids of all records."""
        return await cls.all().ids()

    @classmethod
    def in_batches(cls, of: int = BATCH) -> AsyncIterator[list[Self]]:
        """All records, by id, in lists."""
        return cls.all().in_batches(of)

    @classmethod
    def find_each(cls, of: int = BATCH) -> AsyncIterator[Self]:
        """All records, one by one, by id, read in batches."""
        return cls.all().find_each(of)

    @classmethod
    async def paginate(cls, page: int = 1, per: int = 20) -> Page[Self]:
        """One page of all records, by id."""
        return await cls.all().paginate(page, per)

    @classmethod
    async def cursor_page(
        cls, *, after: str | None = None, before: str | None = None, per: int = 20
    ) -> CursorPage[Self]:
        """One page of all records, by id, on from where another ended."""
        return await cls.all().cursor_page(after=after, before=before, per=per)

    @classmethod
    async def find_by_sql(cls, sql: str, /, **values: Any) -> list[Self]:
        """The records of a statement that is written by hand.

        Args:    sql: text with named placeholders, `:id`; its rows have all columns of the model, and may have others;
                 values: one for each name.
        Raises:  QueryError, DatabaseError and its subclasses.
        Example: await Post.find_by_sql("select * from posts where id % :n = 0", n=7)
        """
        return await find_by_sql(cls, sql, values)

    @classmethod
    async def update_all(cls, **values: Any) -> int:
        """Set fields of all records, without validation and callbacks. Returns how many."""
        return await cls.all().update_all(**values)

    @classmethod
    async def delete_all(cls) -> int:
        """Delete all records, without callbacks. Returns how many."""
        return await cls.all().delete_all()

    @classmethod
    async def reset_counters(cls, *names: str) -> int:
        """Count the records of has_many relations anew, for all records. Returns how many rows were set."""
        return await cls.all().reset_counters(*names)

    @classmethod
    async def insert_all(cls, rows: Iterable[Mapping[str, Any]], *, on_conflict: str = "error") -> int:
        """Insert many rows by few statements, without validation and callbacks.

        Args:    rows: values by field; defaults and timestamps are filled in; on_conflict: "error", or "ignore" to
                 leave rows out that a unique index refuses.
        Returns: how many rows the database says it inserted.
        Raises:  UnknownField, ForbiddenAttributes, QueryError, ConstraintViolation; nothing is inserted then.
        Example: await Post.insert_all([{"title": "a"}, {"title": "b"}], on_conflict="ignore")
        """
        return await insert_rows(cls, rows, on_conflict)

    @classmethod
    async def upsert(cls, row: Mapping[str, Any], *, by: str | Sequence[str]) -> Self:
        """Insert a row, or set the given fields of the one that is there; without validation and callbacks.

        Args:    row: values by field; by: the field, or fields, of a unique index that say which row is meant (MariaDB
                 takes any unique index).
        Returns: the record as it is in the database now.
        Raises:  UnknownField, ForbiddenAttributes, QueryError, DatabaseError.
        """
        keys = key_names(cls.__schema__, by)
        await upsert_rows(cls, [row], keys)
        return await cls.unscoped().where(**{key: row[key] for key in keys}).sole()

    @classmethod
    async def upsert_all(cls, rows: Iterable[Mapping[str, Any]], *, by: str | Sequence[str]) -> None:
        """Insert many rows, or set the given fields of those that are there; as `upsert`, by few statements."""
        await upsert_rows(cls, rows, by)
