"""`repo`: the same models the way of Ecto, with what is to be saved or asked as an argument.

Rules of this file:
- Saving takes a record or a changeset and answers with the record, or raises: nothing is half saved.
- The model's own rules and callbacks hold here too; it is the same `save`.
- A record whose changeset could not be saved has the values that it had before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Literal, TypeVar

from spica import db
from spica.db.driver import Isolation
from spica.orm.changeset import Changeset
from spica.orm.errors import NotPersisted, QueryError, RecordNotFound, ValidationError
from spica.orm.model import Model
from spica.orm.nesting import save_changeset
from spica.orm.query import Query

M = TypeVar("M", bound=Model)
T = TypeVar("T")
Aggregate = Literal["count", "sum", "average", "minimum", "maximum"]

_AGGREGATES = ("count", "sum", "average", "minimum", "maximum")


class Repo:
    """Saves and reads records in the default database. There is one: `from spica.orm import repo`."""

    async def insert(self, what: M | Changeset[M]) -> M:
        """Save a new record.

        Returns: the record.
        Raises:  InvalidChangeset, ValidationError when it is refused, by the rules or by a declared constraint.
        """
        target = what.record if isinstance(what, Changeset) else what
        if target is not None and target.persisted:
            raise QueryError(f"this {type(target).__name__} can't be inserted", why="it is in the database already")
        return await self._save(what)

    async def update(self, what: M | Changeset[M]) -> M:
        """Save the changes to a record. Returns and raises as `insert`; NotPersisted for a new record."""
        target = what.record if isinstance(what, Changeset) else what
        if target is None or not target.persisted:
            raise NotPersisted("a new record can't be updated", fix="use: await repo.insert(...)")
        return await self._save(what)

    async def insert_or_update(self, what: M | Changeset[M]) -> M:
        """Save a record, new or not. Returns and raises as `insert`."""
        return await self._save(what)

    async def delete(self, record: M) -> M:
        """Delete a record's row. Raises NotPersisted for one that was never saved."""
        await record.destroy()
        return record

    async def all(self, query: Query[M] | type[M]) -> list[M]:
        """The records of a query, or of a model."""
        return await _query(query)

    async def one(self, query: Query[M] | type[M]) -> M | None:
        """The record of a query that finds at most one; None when there is none. Raises QueryError for more."""
        found = await _query(query).limit(2)
        if len(found) > 1:
            raise QueryError("the query of repo.one(...) found more than one record", fix="narrow it, or use repo.all")
        return found[0] if found else None

    async def get(self, model: type[M], id: Any) -> M | None:
        """The record with this key, or None; `await Model.find(id)` raises instead."""
        try:
            return await model.find(id)
        except RecordNotFound:
            return None

    async def get_by(self, model: type[M], **equals: Any) -> M | None:
        """The first record with these values, or None."""
        return await model.find_by(**equals)

    async def exists(self, query: Query[M] | type[M]) -> bool:
        """Whether a query finds anything."""
        return await _query(query).exists()

    async def aggregate(self, query: Query[M] | type[M], function: Aggregate, field: str | None = None) -> Any:
        """Compute one value over a query: "count", or "sum", "average", "minimum", "maximum" of a field."""
        if function not in _AGGREGATES:
            raise QueryError(f"there is no aggregate {function!r}", fix=f"it is one of {', '.join(_AGGREGATES)}")
        compute = getattr(_query(query), function)
        return await (compute() if field is None else compute(field))

    async def transaction(
        self,
        work: Callable[[Repo], Awaitable[T] | T],
        *,
        retry: int = 0,
        isolation: Isolation | None = None,
        read_only: bool = False,
    ) -> T:
        """Call `work(repo)` in a transaction and await it; see `spica.db.run_transaction` for the options.

        Example: await repo.transaction(lambda repo: repo.insert(changeset))
        """

        async def run() -> T:
            result = work(self)
            return await result if isawaitable(result) else result

        return await db.run_transaction(run, retry=retry, isolation=isolation, read_only=read_only)

    async def _save(self, what: M | Changeset[M]) -> M:
        if not isinstance(what, Changeset):
            if not await what.save():
                raise ValidationError(what, what.errors)
            return what
        record: M = await save_changeset(what)
        return record


def _query(query: Query[M] | type[M]) -> Query[M]:
    return query if isinstance(query, Query) else query.all()


repo = Repo()
