"""Dependents: what becomes of the records that belong to one that is destroyed.

Rules of this file:
- It happens in the transaction of the destroy, before the row goes: no row ever refers to one that is gone.
- What restricts is asked first: nothing has happened then when it refuses.
- "destroy" runs each record's own `destroy`, in batches; where that has nothing to run, it is one statement.
- A record that is being destroyed further up is left alone, so cycles end.
- The pairs of a many_to_many go with each of its two ends.
- Where a row is only marked as deleted, its dependents are at most marked, and what can't be marked stays. Where a row
  goes, they really go, those that are marked too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from spica.orm.errors import ModelDefinitionError, NotDestroyed, ValidationError
from spica.orm.relations.destroying import count_destroyed, moment_of_destroy, without_destroyed
from spica.orm.relations.loading import pairs_of
from spica.orm.relations.relation import Relation
from spica.orm.schema import DESTROY_EVENTS, Schema
from spica.validation import Message

BATCH = 1_000


async def release_dependents(record: Any, schema: Schema, *, softly: bool) -> None:
    """Do what the relations of a record say before its row goes, or is marked as deleted.

    Args:    softly: the row stays; then only records that can be marked too are, and all others keep their owner.
    Raises:  NotDestroyed, with messages in the record's errors, when one restricts it.
    """
    for relation in schema.dependents:
        if relation.options.dependent == "restrict":
            await _check_restricted(relation, record, softly=softly)
    if record.errors:
        raise NotDestroyed(record, record.errors)
    for relation in schema.dependents:
        await (_mark if softly else _release)(relation, record)


async def restore_dependents(record: Any, schema: Schema, moment: datetime) -> None:
    """Restore what was marked as deleted together with a record. Raises ValidationError for one that is not valid."""
    for relation in schema.dependents:
        mark = mark_of(relation)
        if mark is None:
            continue
        marked = _all_dependents(relation, record).where(**{mark: moment})
        if relation.options.dependent == "delete" or has_plain_destroy(relation):
            await marked.update_all(**{mark: None})
            continue
        async for batch in marked.in_batches(BATCH):
            for dependent in batch:
                if not await dependent.restore():
                    raise ValidationError(dependent, dependent.errors)


def mark_of(relation: Relation) -> str | None:
    """The field that marks the dependents of a relation as deleted; None where they have none, or are left alone."""
    if relation.options.dependent not in ("destroy", "delete"):
        return None
    deletion = relation.target.__schema__.deletion
    return None if deletion is None else deletion.name


def add_restriction(relation: Relation, record: Any) -> None:
    """Say that a record can't be destroyed because of a relation's records."""
    word = "record" if not relation.many else "records"
    label = relation.name.replace("_", " ")
    record.errors.add(
        "base",
        Message(
            f"Can't be destroyed while there {'are' if relation.many else 'is a'} {label}",
            f"restrict_dependent_destroy.{relation.kind}",
            **{word: label},
        ),
    )


async def _check_restricted(relation: Relation, record: Any, *, softly: bool) -> None:
    dependents = _dependents(relation, record) if softly else _all_dependents(relation, record)
    if without_destroyed(await dependents.limit(count_destroyed() + 1)):
        add_restriction(relation, record)


async def _mark(relation: Relation, record: Any) -> None:
    mark = mark_of(relation)
    if mark is None:
        return
    dependents = _all_dependents(relation, record).where(**{mark: None})
    if relation.options.dependent == "delete" or has_plain_destroy(relation):
        await dependents.update_all(**{mark: moment_of_destroy()})
        return
    async for batch in dependents.in_batches(BATCH):
        for dependent in without_destroyed(batch):
            await dependent.destroy()


async def _release(relation: Relation, record: Any) -> None:
    if relation.kind == "many_to_many":
        await pairs_of(relation).of_owner(getattr(record, relation.key)).delete_all()
        return
    dependents = _all_dependents(relation, record)
    match relation.options.dependent:
        case "delete":
            await dependents.delete_all()
        case "nullify":
            await dependents.update_all(**{nullable_key(relation): None})
        case "destroy" if has_plain_destroy(relation):
            await dependents.delete_all()
        case "destroy":
            really = relation.target.__schema__.deletion is not None
            async for batch in dependents.in_batches(BATCH):
                for dependent in without_destroyed(batch):
                    await (dependent.really_destroy() if really else dependent.destroy())


def nullable_key(relation: Relation) -> str:
    """The foreign key of a has_many or has_one that is to be emptied. Raises ModelDefinitionError where it can't be."""
    field = relation.target.__schema__.field(relation.foreign_key)
    if not field.nullable:
        raise ModelDefinitionError(
            f"{relation!r} can't leave {relation.target.__name__} records without an owner",
            why=f"{relation.target.__name__}.{field.name} may not be NULL",
            fix=f'let go of the records: dependent="destroy"; or allow it: {relation.owner.__name__} | None',
        )
    return field.name  # type: ignore[no-any-return]


def has_plain_destroy(relation: Relation) -> bool:
    """Whether destroying a relation's records does nothing but delete their rows."""
    target = relation.target
    schema: Schema = target.__schema__
    others = [one for one in schema.parents if one is not relation.inverse]
    is_own = next(base for base in target.__mro__ if "destroy" in vars(base)).__module__ != "spica.orm.model"
    return not (schema.dependents or others or is_own or schema.has_callbacks(*DESTROY_EVENTS))


def _dependents(relation: Relation, record: Any) -> Any:
    return relation.target.where(**{relation.foreign_key: getattr(record, relation.key)})


def _all_dependents(relation: Relation, record: Any) -> Any:
    return relation.target.unscoped().where(**{relation.foreign_key: getattr(record, relation.key)})
