"""Related: the query for what a relation of a record leads to, and its writing: `post.related("tags").add(tag)`.

Rules of this file:
- Each method is one transaction. Afterwards the relation of the owner is not loaded any more.
- What narrows it, as `where` and `limit`, gives a plain query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from spica.db.engine import current
from spica.orm.declaration import RELATED_NAMES, permitted
from spica.orm.errors import QueryError
from spica.orm.query import Query
from spica.orm.relations.access import unload
from spica.orm.relations.loading import query_of
from spica.orm.relations.relation import Relation
from spica.orm.relations.writing.owned import OwnedWriter
from spica.orm.relations.writing.paired import PairedWriter
from spica.orm.relations.writing.through import ThroughWriter
from spica.orm.relations.writing.writer import Writer

M = TypeVar("M")
T = TypeVar("T")

PAIR_RETRIES = 5  # pairs that are written from both ends at once may deadlock on MariaDB, by their foreign keys

_new = object.__new__


class Related(Query[M]):
    """What a relation of one record leads to: a query, and its writing methods."""

    __slots__ = ("_owner", "_relation")

    _owner: Any
    _relation: Relation

    def build(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> M:
        """Make a record that belongs to the owner, not saved.

        Raises:  QueryError for a many_to_many and for `through`, where both must be saved; UnknownField.
        """
        return cast(M, self._writer().build(self._given(attributes, named)))

    async def create(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> M:
        """Make a record, save it and have it belong to the owner. A has_one lets go of the one before.

        Raises:  ValidationError, with every message; nothing is changed then.
        """
        given = self._given(attributes, named)
        return cast(M, await self._run(lambda writer: writer.create(given)))

    async def add(self, *records: M, **values: Any) -> None:
        """Have records belong to the owner; those that do already stay as they are. New ones are saved.

        Args:    values: of the record between the two, for `has_many(through=...)`; one that is there gets them too.
        Raises:  ValidationError; nothing is changed then. QueryError for records of another model.
        Example: await post.related("tags").add(python, rust)
        """
        await self._run(lambda writer: writer.add(records, values))

    async def remove(self, *records: M) -> None:
        """Have records not belong to the owner any more; those that don't are left alone.

        The records of a has_many and has_one are destroyed where `dependent` is "destroy" or "delete", else their keys
        emptied; of a many_to_many the pairs go, of `through` the records between.
        """
        await self._run(lambda writer: writer.remove(records))

    async def set(self, records: Iterable[M] | M | None) -> None:
        """Have these records and no others belong to the owner.

        Args:    records: any number of them; for a has_one one, or None.
        Raises:  ValidationError; nothing is changed then.
        """
        if records is None or isinstance(records, self._relation.target):
            chosen = [] if records is None else [records]
            if self._relation.many:
                raise QueryError(f"{self._relation!r} is a list, got {records!r}", fix="write set([...])")
        else:
            chosen = list(cast(Iterable[Any], records))
        await self._run(lambda writer: writer.replace(chosen))

    async def clear(self) -> None:
        """Have no record belong to the owner, as `remove` of all of them."""
        await self._run(lambda writer: writer.clear())

    def unscoped(self) -> Any:
        """A query for all records of the model, whoever they belong to, without default scopes."""
        return self._model.unscoped()

    def _copy(self) -> Any:
        query = _new(self._model.__query__)
        query._become(self)
        return query

    def _given(self, attributes: Mapping[str, Any] | None, named: Mapping[str, Any]) -> Mapping[str, Any]:
        return named if attributes is None else {**permitted(self._relation.target.__name__, attributes), **named}

    def _writer(self) -> Writer:
        relation, owner = self._relation, self._owner
        if relation.kind == "belongs_to":
            raise QueryError(
                f"{relation!r} is not written through a query",
                why=f"the key is in {relation.owner.__name__}'s own row",
                fix=f"assign it and save: record.{relation.name} = ...",
            )
        if relation.through is not None:
            return ThroughWriter(relation, owner)
        return PairedWriter(relation, owner) if relation.kind == "many_to_many" else OwnedWriter(relation, owner)

    async def _run(self, work: Callable[[Writer], Awaitable[T]]) -> T:
        writer = self._writer()
        retry = PAIR_RETRIES if self._relation.kind == "many_to_many" else 0
        result = await current().run_transaction(lambda: work(writer), retry=retry)
        unload(self._owner, self._relation)
        if self._relation.through is not None:
            unload(self._owner, self._relation.through[0])
        return result


RELATED_NAMES.update(name for name in vars(Related) if not name.startswith("_"))


def related(relation: Relation, record: Any) -> Related[Any]:
    """Build the query for what a relation of a record leads to. Raises NotPersisted for a new record."""
    query = query_of(relation, record)
    kind: Any = type(query)
    if "related_class" not in vars(kind):
        kind.related_class = type(f"Related{kind.__name__}", (Related, kind), {"__slots__": ()})
    made: Related[Any] = _new(kind.related_class)
    made._become(query)
    made._owner, made._relation = record, relation
    return made
