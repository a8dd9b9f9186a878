"""Nested changesets: the records of a has_many or has_one that a form sends with their owner.

Rules of this file:
- A group that names a key changes that record, which must be one that the owner has loaded: nobody else's can be named.
  One without a key is a new record. `_destroy` deletes, where `cast_assoc` allows it. What is not named stays.
- Messages of a nested changeset are the owner's too, under their path: `comments[0].text`.
- All of it is saved in one transaction, the owner first, and all messages are collected before it is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from spica.db.engine import current
from spica.db.transaction import active_transaction
from spica.http.params import Params, numbered
from spica.orm.errors import InvalidChangeset, NotDestroyed, QueryError, RecordNotFound
from spica.orm.persistence import save_record
from spica.orm.relations.access import is_loaded, keep, loaded_value, unload
from spica.orm.relations.relation import Relation
from spica.validation import CoercionFailed, Errors, Message, coerce
from spica.validation.messages import INVALID, MUST_EXIST

if TYPE_CHECKING:
    from spica.orm.changeset import Changeset

DESTROY = "_destroy"


@dataclass(frozen=True, slots=True)
class Nested:
    """One nested changeset: the relation, the path of its messages, and whether its record is to be destroyed."""

    relation: Relation
    path: str
    changeset: Changeset[Any]
    destroys: bool = False


@dataclass(frozen=True, slots=True)
class NestingOptions:
    """What `cast_assoc` was given."""

    destroys: bool
    skips_blank: bool
    most: int


Build = Callable[[Any], Any]


def cast_nested(owner: Changeset[Any], name: str, build: Build, options: NestingOptions) -> tuple[list[Nested], Errors]:
    """Make the nested changesets of a relation from the params. Returns them and their messages.

    Raises:  UnknownRelation; NotLoaded when the records that may be changed were not loaded; QueryError.
    """
    relation: Relation = owner.model.__schema__.relation(name)
    if relation.kind not in ("has_many", "has_one") or relation.through is not None:
        raise QueryError(
            f"{relation!r} can't be cast with its owner",
            why="its records don't have the key of the owner",
            fix="cast_assoc is for has_many and has_one; choose others by their keys, as related(...).set([...])",
        )
    errors = Errors()
    if name not in owner.params:
        return [], errors
    groups = _groups(owner.params[name], many=relation.many)
    if groups is None or len(groups) > options.most:
        errors.add(name, INVALID if groups is None else _too_many(options.most))
        return [], errors
    there = _loaded_children(owner, relation)
    found: list[Nested] = []
    for number, group in enumerate(groups):
        path = f"{name}[{number}]" if relation.many else name
        cast = _cast_group(relation, group, there, build, options)
        if isinstance(cast, Message):
            errors.add(f"{path}.{relation.target.__schema__.key.name}", cast)
        elif cast is not None:
            nested = Nested(relation, path, *cast)
            found.append(nested)
            if not nested.destroys:
                errors.update(under(path, nested.changeset.errors))
    return found, errors


def _too_many(most: int) -> Message:
    return Message(f"has too many (maximum is {most})", "too_many", count=most)


def under(path: str, errors: Errors) -> Errors:
    """The messages of a nested changeset or record, under its path; those of the whole are under the path itself."""
    moved = Errors()
    for field in errors.to_dict():
        for message in errors.details(field):
            moved.add(path if field == "base" else f"{path}.{field}", message)
    return moved


Before = list[tuple[Any, dict[str, Any]]]  # records, and the values that they had


async def save_changeset(changeset: Changeset[Any]) -> Any:
    """Save a changeset and those that are nested in it.

    Returns: the record.
    Raises:  InvalidChangeset; the records have the values then that they had before.
    """
    before: Before = []
    done = False
    try:
        if changeset.nested:
            async with current().transaction():
                record = await _save(changeset, {}, before)
        else:
            record = await _save(changeset, {}, before)
        done = True
    finally:
        if not done:
            for changed, values in before:
                for name, value in values.items():
                    setattr(changed, name, value)
    return record


async def _save(changeset: Changeset[Any], key: Mapping[str, Any], before: Before) -> Any:
    """Save a changeset, with the key of its owner where it has one, then what is nested in it."""
    if changeset.record is not None:
        before.append((changeset.record, changeset.record.to_dict()))
    record = changeset.apply()
    for name, value in key.items():
        setattr(record, name, value)
    errors = Errors()
    if not await save_record(record, validate=True, constraints=changeset.constraints):
        errors.update(record.errors)
    else:
        for nested in changeset.nested:
            errors.update(under(nested.path, await _save_nested(record, nested, before)))
    if errors:
        refused = changeset.with_errors(errors)
        raise InvalidChangeset(refused, record, refused.errors)
    return record


async def _save_nested(owner: Any, nested: Nested, before: Before) -> Errors:
    """Save or destroy one nested record. Returns what refused it."""
    relation, inner, record = nested.relation, nested.changeset, nested.changeset.record
    try:
        if nested.destroys and record is not None:
            await record.destroy()
            _keep_changed(owner, relation, gone=record)
        else:
            saved = await _save(inner, {relation.foreign_key: getattr(owner, relation.key)}, before)
            _keep_changed(owner, relation, come=saved)
    except InvalidChangeset as refused:
        return refused.changeset.errors  # type: ignore[no-any-return]  # a changeset's
    except NotDestroyed as refused:
        return refused.record.errors  # type: ignore[no-any-return]  # a record's
    return Errors()


def _keep_changed(owner: Any, relation: Relation, *, come: Any = None, gone: Any = None) -> None:
    """Have the loaded relation say what was saved; undone, it is not loaded any more."""
    if relation.many:
        there = loaded_value(owner, relation) if is_loaded(owner, relation) else []
        kept = [one for one in there if one is not gone]
        keep(owner, relation, kept if come is None or any(one is come for one in kept) else [*kept, come])
    else:
        keep(owner, relation, come)
    transaction = active_transaction(current())
    if transaction is not None:
        transaction.on_undo(partial(unload, owner, relation))


def _cast_group(
    relation: Relation, group: Mapping[str, Any], there: dict[Any, Any], build: Build, options: NestingOptions
) -> tuple[Any, bool] | Message | None:
    """Find which record a group is about: its changeset and whether it goes; a message; None to leave it out."""
    key = relation.target.__schema__.key
    named = [group.get(name) for name in key.names]
    destroys = options.destroys and _is_true(group.get(DESTROY))
    if any(value not in (None, "") for value in named):
        try:
            record = there.get(key.parse(named[0] if key.size == 1 else named))
        except RecordNotFound:
            record = None
        if record is None:
            return MUST_EXIST
    else:
        record = None if relation.many or not there else next(iter(there.values()))
    if record is None and (destroys or (options.skips_blank and _is_blank(group))):
        return None
    return build(relation.target.changeset(record, group)), destroys


def _loaded_children(owner: Changeset[Any], relation: Relation) -> dict[Any, Any]:
    """The records that may be changed, by their keys. Raises NotLoaded."""
    if owner.record is None or owner.record.new_record:
        return {}
    value = getattr(owner.record, relation.name)
    key = relation.target.__schema__.key
    children = value if relation.many else [] if value is None else [value]
    return {tuple(getattr(child, name) for name in key.names): child for child in children}


def _groups(value: Any, *, many: bool) -> list[Mapping[str, Any]] | None:
    """The groups that were sent for a relation; None for what is none."""
    value = value.to_unsafe_dict() if isinstance(value, Params) else value
    if not many:
        return [value] if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        value = numbered(value) if value else []
    if not isinstance(value, list):
        return None
    groups = [one.to_unsafe_dict() if isinstance(one, Params) else one for one in value]
    return groups if all(isinstance(one, Mapping) for one in groups) else None


def _is_blank(group: Mapping[str, Any]) -> bool:
    return not any(value not in (None, "", "0", []) for name, value in group.items() if name != DESTROY)


def _is_true(value: Any) -> bool:
    try:
        return bool(value is not None and coerce(value, bool))
    except CoercionFailed:
        return False
