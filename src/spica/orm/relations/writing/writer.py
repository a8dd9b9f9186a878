"""The contract of what writes through a relation, and what all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from spica.orm.errors import QueryError, RecordNotFound, ValidationError
from spica.orm.relations.relation import Relation
from spica.orm.shapes import QueryShape
from spica.orm.storage import storage_of


class Writer(Protocol):
    """Writes through one relation of one record. All but `build` run in a transaction that the caller opened."""

    def build(self, given: Mapping[str, Any]) -> Any:
        """Make a target that belongs to the owner, not saved."""

    async def create(self, given: Mapping[str, Any]) -> Any:
        """Make and save one. Raises ValidationError."""

    async def add(self, records: Sequence[Any], values: Mapping[str, Any]) -> None:
        """Have records belong to the owner; those that do already stay. `values`: of what is between the two."""

    async def remove(self, records: Sequence[Any]) -> None:
        """Have records not belong to the owner any more; those that don't are left alone."""

    async def replace(self, records: Sequence[Any]) -> None:
        """Have these and no others belong to the owner."""

    async def clear(self) -> None:
        """Have none belong to it."""


def check_records(relation: Relation, records: Iterable[Any]) -> None:
    """Refuse what is no record of a relation's target. Raises QueryError."""
    for record in records:
        if type(record) is not relation.target:
            raise QueryError(
                f"{relation!r} takes {relation.target.__name__} records, got {record!r}",
                fix=f"find it first: await {relation.target.__name__}.find(...)",
            )


def refuse_values(relation: Relation, values: Mapping[str, Any]) -> None:
    """Refuse values of what is between two records where nothing is. Raises QueryError."""
    if values:
        raise QueryError(
            f"{relation!r} has no place for {', '.join(values)}",
            why="there is no model between the two records",
            fix="declare one, and has_many(through=...)",
        )


async def save(record: Any) -> Any:
    """Save a record. Raises ValidationError when it is refused."""
    if not await record.save():
        raise ValidationError(record, record.errors)
    return record


async def lock_row(record: Any) -> None:
    """Lock a record's row until the transaction ends, so that two who change its relations wait for each other.

    Raises:  RecordNotFound when it is gone.
    """
    schema = type(record).__schema__
    database, storage = storage_of(type(record))
    plan = storage.plan(QueryShape(("lock", *schema.key.names), schema.key.conditions))
    key = record._row[: schema.key.size]
    if not await database.read(plan.sql, plan.arrange(key)):
        raise RecordNotFound(schema.model, schema.key.shown(key))
