"""Saving and destroying one record.

Rules of this file:
- A record keeps the row it was made from. Its values in the row's form are compared with that, so a changed list or
  dict is noticed too, and an update writes only what changed.
- A model without callbacks saves by one statement with a commit of its own; with callbacks, in a transaction.
- A unique index that refuses the row becomes a message on the field, as if the rule had seen it: between the rule's
  look and the insert another process may have been faster.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from spica.db.engine import Database, current
from spica.db.errors import BadValue, ConstraintViolation
from spica.db.transaction import Rollback
from spica.orm.callbacks import run_callbacks
from spica.orm.checking import check_record, check_types
from spica.orm.errors import NotPersisted, RecordNotFound
from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape
from spica.orm.storage import Storage, storage_of
from spica.validation import Errors

_SAVE_EVENTS = (
    "before_save",
    "after_save",
    "before_create",
    "after_create",
    "before_update",
    "after_update",
)
_DESTROY_EVENTS = ("before_destroy", "after_destroy")
_BY_ID = (("eq", "id"),)
_CONSTRAINT_MESSAGES = {"unique": "has already been taken", "not null": "can't be blank"}

DELETE = QueryShape(("delete",), _BY_ID)


async def save_record(record: Any, *, validate: bool) -> bool:
    """Validate a record and write it. Returns False, with messages in `errors`, when it was refused."""
    schema: Schema = type(record).__schema__
    errors = record._errors = Errors()
    if "before_validation" in schema.callbacks:
        await run_callbacks(record, schema.callbacks, "before_validation")
    if validate and not await check_record(record, errors):
        return False
    if not validate:
        check_types(record, schema, errors)
        if errors:
            return False
    await _hash_passwords(record, schema)  # before a transaction, which is to be short
    if schema.has_callbacks(*_SAVE_EVENTS):
        return await _save_with_callbacks(record, schema, errors)
    return await _store(record, schema, errors)


async def destroy_record(record: Any) -> None:
    """Delete a record's row. Raises NotPersisted for a record that was never saved."""
    schema: Schema = type(record).__schema__
    if record._row is None:
        raise NotPersisted(f"this {schema.model} can't be destroyed", why="it was never saved, or is destroyed already")
    if not schema.has_callbacks(*_DESTROY_EVENTS):
        await _delete(record)
        return
    row = record._row
    try:
        async with current().transaction():
            await run_callbacks(record, schema.callbacks, "before_destroy")
            await _delete(record)
            await run_callbacks(record, schema.callbacks, "after_destroy")
    except BaseException:
        record._row = row
        raise


async def reload_record(record: Any) -> None:
    """Read a record's row again. Raises RecordNotFound when it is gone."""
    schema: Schema = type(record).__schema__
    if record._row is None:
        raise NotPersisted(f"this {schema.model} can't be reloaded", why="it was never saved, or is destroyed")
    database, storage = storage_of(type(record))
    rows = await database.read(storage.find_sql, (record.id,))
    if not rows:
        raise RecordNotFound(schema.model, record.id)
    fresh = storage.load(rows)[0]
    for field in schema.fields:
        setattr(record, field.name, getattr(fresh, field.name))
    record._row = fresh._row
    record._errors = Errors()


def list_changed(record: Any) -> list[str]:
    """List the fields whose value differs from the row's, or for a new record from the default."""
    schema: Schema = type(record).__schema__
    if record._row is None:
        return [field.name for field in schema.fields if getattr(record, field.name) != field.default()]
    _, storage = storage_of(type(record))
    return [
        field.name
        for field, value in zip(schema.fields, record._row, strict=True)
        if getattr(record, field.name) != storage.decode(field.position, value)
    ]


async def _save_with_callbacks(record: Any, schema: Schema, errors: Errors) -> bool:
    row, id = record._row, record.id
    events = ("create" if row is None else "update",)
    saved = False
    try:
        async with current().transaction():
            await run_callbacks(record, schema.callbacks, "before_save", *(f"before_{event}" for event in events))
            check_types(record, schema, errors)  # a callback may have assigned anything
            saved = not errors and await _store(record, schema, errors)
            if not saved:
                raise Rollback
            await run_callbacks(record, schema.callbacks, *(f"after_{event}" for event in events), "after_save")
    except BaseException:
        record._row, record.id = row, id
        raise
    return saved


async def _store(record: Any, schema: Schema, errors: Errors) -> bool:
    database, storage = storage_of(type(record))
    await _hash_passwords(record, schema)  # those that a callback assigned
    try:
        if record._row is None:
            await _insert(record, schema, database, storage)
        else:
            await _update(record, schema, database, storage)
    except BadValue:
        unstorable = storage.list_unstorable(record)
        if not unstorable:
            raise
        for name, reason in unstorable:
            errors.add(name, reason)
        return False
    except ConstraintViolation as problem:
        message = _CONSTRAINT_MESSAGES.get(problem.kind)
        names = [name for name in problem.columns if name in schema.by_name]
        if message is None or not names:
            raise
        errors.add(names[-1], message)  # of an index on several, the last is what the others narrow down
        return False
    return True


async def _insert(record: Any, schema: Schema, database: Database, storage: Storage) -> None:
    _stamp(record, schema, creating=True)
    row = storage.encode(record)
    if record.id is None:
        plan = storage.plan(storage.insert_shape)
        written = await database.write(plan.sql, plan.arrange(row[1:]))
        record.id = row[0] = written.last_id
    else:
        plan = storage.plan(storage.insert_with_id_shape)
        await database.write(plan.sql, plan.arrange(row))
    record._row = tuple(row)


async def _update(record: Any, schema: Schema, database: Database, storage: Storage) -> None:
    positions = _changed_positions(record, storage.encode(record), storage)
    if not positions:
        return
    _stamp(record, schema, creating=False)
    row = storage.encode(record)
    positions = _changed_positions(record, row, storage)
    names = [schema.fields[position].name for position in positions]
    plan = storage.plan(QueryShape(("update", *names), _BY_ID))
    written = await database.write(plan.sql, plan.arrange([*(row[position] for position in positions), record._row[0]]))
    if written.rows == 0:
        raise RecordNotFound(schema.model, record._row[0])
    record._row = tuple(row)


async def _delete(record: Any) -> None:
    database, storage = storage_of(type(record))
    plan = storage.plan(DELETE)
    await database.write(plan.sql, plan.arrange((record._row[0],)))
    record._row = None


async def _hash_passwords(record: Any, schema: Schema) -> None:
    for access in schema.passwords.values():
        await access.hash(record)


def _changed_positions(record: Any, row: list[Any], storage: Storage) -> list[int]:
    """Find the columns to write. A value that is written differently but reads the same has not changed."""
    return [
        position
        for position, (new, old) in enumerate(zip(row, record._row, strict=True))
        if new != old and (old is None or new is None or storage.decode(position, new) != storage.decode(position, old))
    ]


def _stamp(record: Any, schema: Schema, *, creating: bool) -> None:
    if not schema.stamped:
        return
    now = datetime.now(UTC)
    for field in schema.stamped:
        if field.options.stamp == "save" or (creating and getattr(record, field.name) is None):
            setattr(record, field.name, now)
