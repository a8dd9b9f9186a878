"""One record of a query: `first`, `last`, `find`, `find_by`, `sole`, and a new one where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from spica.orm.errors import QueryError, RecordNotFound, ValidationError
from spica.orm.expressions import Condition
from spica.orm.reading.loading import Loading

M = TypeVar("M")


class Records(Loading[M]):
    """What finds one record."""

    __slots__ = ()

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
        records = await self.limit(2 if self._limit is None else min(2, self._limit))._load()
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
