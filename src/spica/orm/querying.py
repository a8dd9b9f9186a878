"""Queries that start at the class: `Post.where(...)` is `Post.all().where(...)`, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from spica.orm.errors import RecordNotFound
from spica.orm.query import Query
from spica.orm.storage import storage_of
from spica.validation import CoercionFailed, coerce

if TYPE_CHECKING:
    from spica.orm.expressions import Condition, Ordering
    from spica.orm.page import Page
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
    def order(cls, *keys: str | Ordering) -> Query[Self]:
        """A query for all records in an order."""
        return cls.all().order(*keys)

    @classmethod
    def limit(cls, records: int) -> Query[Self]:
        """A query for at most this many records."""
        return cls.all().limit(records)

    @classmethod
    def offset(cls, records: int) -> Query[Self]:
        """A query that skips this many records."""
        return cls.all().offset(records)

    @classmethod
    async def find(cls, id: Any) -> Self:
        """The record with this id. Raises RecordNotFound, a 404 in a request."""
        if type(id) is not int:
            try:
                id = coerce(id, int)
            except CoercionFailed:
                raise RecordNotFound(cls.__schema__.model, id) from None
        elif not -(2**63) <= id < 2**63:
            raise RecordNotFound(cls.__schema__.model, id)
        database, storage = storage_of(cls)
        rows = await database.read(storage.find_sql, (id,))
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
    async def count(cls) -> int:
        """How many records there are."""
        return await cls.all().count()

    @classmethod
    async def exists(cls, *conditions: Condition | bool, **equals: Any) -> bool:
        """Whether there is a record for which the conditions hold."""
        return await cls.all().exists(*conditions, **equals)

    @classmethod
    async def pluck(cls, *names: str) -> list[Any]:
        """Some fields of all records: values for one name, tuples for several."""
        return await cls.all().pluck(*names)

    @classmethod
    async def paginate(cls, page: int = 1, per: int = 20) -> Page[Self]:
        """One page of all records, by id."""
        return await cls.all().paginate(page, per)

    @classmethod
    async def update_all(cls, **values: Any) -> int:
        """Set fields of all records, without validation and callbacks. Returns how many."""
        return await cls.all().update_all(**values)

    @classmethod
    async def delete_all(cls) -> int:
        """Delete all records, without callbacks. Returns how many."""
        return await cls.all().delete_all()
