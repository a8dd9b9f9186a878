"""Dependents: what becomes of the records that belong to one that is destroyed.

Rules of this file:
- It happens in the transaction of the destroy, before the row goes: no row ever refers to one that is gone.
- What restricts is asked first: nothing has happened then when it refuses.
- "destroy" runs each record's own `destroy`, in batches; where that has nothing to run, it is one statement.
- A record that is being destroyed further up is left alone, so cycles end.
- The pairs of a many_to_many go with each of its two ends.
"""

from __future__ import annotations

from typing import Any

from spica.orm.errors import ModelDefinitionError, NotDestroyed
from spica.orm.relations.destroying import count_destroyed, without_destroyed
from spica.orm.relations.loading import pairs_of
from spica.orm.relations.relation import Relation
from spica.orm.schema import DESTROY_EVENTS, Schema
from spica.validation import Message

BATCH = 1_000


async def release_dependents(record: Any, schema: Schema) -> None:
    """Do what the relations of a record say before its row goes.

    Raises:  NotDestroyed, with messages in the record's errors, when one restricts it.
    """
    for relation in schema.dependents:
        if relation.options.dependent == "restrict":
            await _check_restricted(relation, record)
    if record.errors:
        raise NotDestroyed(record, record.errors)
    for relation in schema.dependents:
        await _release(relation, record)


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


async def _check_restricted(relation: Relation, record: Any) -> None:
    if without_destroyed(await _dependents(relation, record).limit(count_destroyed() + 1)):
        add_restriction(relation, record)


async def _release(relation: Relation, record: Any) -> None:
    if relation.kind == "many_to_many":
        await pairs_of(relation).of_owner(getattr(record, relation.key)).delete_all()
        return
    query = _dependents(relation, record)
    match relation.options.dependent:
        case "delete":
            await query.delete_all()
        case "nullify":
            await query.update_all(**{nullable_key(relation): None})
        case "destroy" if has_plain_destroy(relation):
            await query.delete_all()
        case "destroy":
            async for batch in query.in_batches(BATCH):
                for dependent in without_destroyed(batch):
                    await dependent.destroy()


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
    return relation.target.unscoped().where(**{relation.foreign_key: getattr(record, relation.key)})
