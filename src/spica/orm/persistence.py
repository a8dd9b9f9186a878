"""Saving one record.

Rules of this file:
- A record keeps the row it was made from. Its values in the row's form are compared with that, so a changed list or
  dict is noticed too, and an update writes only what changed.
- A model without callbacks saves by one statement with a commit of its own; with callbacks, in a transaction.
- A transaction that is undone takes the record back with it: it is as new, or as changed, as before.
- A unique index that refuses the row becomes a message on the field, as if the rule had seen it: between the rule's
  look and the insert another process may have been faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from spica.db.driver import Row, Written
from spica.db.engine import Database, current
from spica.db.errors import BadValue, ConstraintViolation
from spica.db.transaction import Rollback, Transaction, active_transaction
from spica.orm.callbacks import around_callbacks, run_callbacks
from spica.orm.changes import changed_positions
from spica.orm.checking import check_record, check_types
from spica.orm.constraints import Constraint, explain_violation
from spica.orm.errors import NotPersisted, RecordNotFound, StaleRecord
from spica.orm.fields import Field
from spica.orm.keys import uuid7
from spica.orm.oversize import list_too_large
from spica.orm.relations import parents
from spica.orm.schema import Schema
from spica.orm.shapes import QueryShape, Shape
from spica.orm.storage import Storage, storage_of
from spica.validation import Errors

_SAVE_EVENTS = (
    "before_save",
    "around_save",
    "after_save",
    "before_create",
    "around_create",
    "after_create",
    "before_update",
    "around_update",
    "after_update",
    "after_commit",
    "after_create_commit",
    "after_update_commit",
    "after_rollback",
)


async def save_record(record: Any, *, validate: bool, constraints: tuple[Constraint, ...] = ()) -> bool:
    """Validate a record and write it. Returns False, with messages in `errors`, when it was refused.

    Args:    constraints: those of the table that may refuse the row, and what to say then.
    """
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
    # Inside of a transaction a refused statement needs a savepoint: PostgreSQL ends the whole otherwise.
    if (
        schema.parents
        or schema.has_callbacks(*_SAVE_EVENTS)
        or (constraints and active_transaction(current()) is not None)
    ):
        return await _save_with_callbacks(record, schema, errors, constraints)
    return await _store(record, schema, errors, constraints)


async def reload_record(record: Any) -> None:
    """Read a record's row again. Raises RecordNotFound when it is gone."""
    schema: Schema = type(record).__schema__
    if record._row is None:
        raise NotPersisted(f"this {schema.model} can't be reloaded", why="it was never saved, or is destroyed")
    database, storage = storage_of(type(record))
    key = record._row[: schema.key.size]
    rows = await database.read(storage.find_sql, key)
    if not rows:
        raise RecordNotFound(schema.model, schema.key.shown(key))
    fresh = storage.load(rows)[0]
    for field in schema.fields:
        setattr(record, field.name, getattr(fresh, field.name))
    record._row = fresh._row
    record._errors = Errors()


async def _save_with_callbacks(
    record: Any, schema: Schema, errors: Errors, constraints: tuple[Constraint, ...]
) -> bool:
    event = "create" if record._row is None else "update"
    callbacks = schema.callbacks
    saved = False
    async with current().transaction() as transaction:
        await run_callbacks(record, callbacks, "before_save")
        async with around_callbacks(record, callbacks, "around_save"):
            await run_callbacks(record, callbacks, f"before_{event}")
            async with around_callbacks(record, callbacks, f"around_{event}"):
                check_types(record, schema, errors)  # a callback may have assigned anything
                saved = not errors and await _store(record, schema, errors, constraints)
                if not saved:
                    raise Rollback
            await_outcome(transaction, record, schema, f"after_{event}_commit")
            await run_callbacks(record, callbacks, f"after_{event}")
        await run_callbacks(record, callbacks, "after_save")
    return saved


def await_outcome(transaction: Transaction, record: Any, schema: Schema, event: str) -> None:
    """Have the record's callbacks run when it is known whether the transaction was committed."""
    if schema.has_callbacks("after_commit", event):
        transaction.after_commit(partial(run_callbacks, record, schema.callbacks, "after_commit", event))
    if schema.has_callbacks("after_rollback"):
        transaction.after_rollback(partial(run_callbacks, record, schema.callbacks, "after_rollback"))


async def _store(record: Any, schema: Schema, errors: Errors, constraints: tuple[Constraint, ...]) -> bool:
    database, storage = storage_of(type(record))
    await _hash_passwords(record, schema)  # those that a callback assigned
    try:
        if record._row is None:
            if schema.parents:  # before the insert: on MariaDB that locks the parent's row less than a count then needs
                await parents.enter(record, schema)
            await _insert(record, schema, database, storage)
        else:
            if schema.parents and changed_positions(record, storage.encode(record), storage):
                await parents.move(record, schema)
            await _update_locked(record, schema, database, storage)
    except BadValue as problem:
        unstorable = storage.list_unstorable(record) or list_too_large(problem, record, schema)
        if not unstorable:
            raise
        for name, reason in unstorable:
            errors.add(name, reason)
        return False
    except ConstraintViolation as problem:
        explained = explain_violation(problem, schema.by_column, constraints)
        if not explained:
            raise
        for name, message in explained:
            errors.add(name, message)
        return False
    return True


async def _insert(record: Any, schema: Schema, database: Database, storage: Storage) -> None:
    _stamp(record, schema, creating=True)
    row = storage.encode(record)
    key = schema.key
    given = key.of(record)
    if given is None and key.made_by == "database":
        written = await _insert_row(row, database, storage, start=1)
        row[0] = written.last_id
        setattr(record, key.name, row[0])
    elif given is None and key.made_by == "uuid":
        made = uuid7()
        row[0] = storage.encode_key((made,))[0]
        await _insert_row(row, database, storage)
        setattr(record, key.name, made)
    else:
        await _insert_row(row, database, storage)
    remember(database, record, None, given)
    record._row = tuple(row)
    if schema.computed:
        await _read_back(record, schema.computed, database, storage)


async def _insert_row(row: list[Any], database: Database, storage: Storage, start: int = 0) -> Written:
    """Insert a row, from its column number `start` on; what the database is to compute is left out."""
    if storage.schema.computed:
        fields = [
            field
            for field in storage.schema.fields[start:]
            if not field.is_computed or (row[field.position] is not None and not field.is_generated)
        ]
        plan = storage.plan(QueryShape(("insert", *(field.name for field in fields))))
        return await database.write(plan.sql, plan.arrange([row[field.position] for field in fields]))
    plan = storage.plan(storage.insert_shape if start else storage.insert_with_id_shape)
    return await database.write(plan.sql, plan.arrange(row[start:] if start else row))


async def _read_back(record: Any, fields: tuple[Field, ...], database: Database, storage: Storage) -> None:
    """Read what the database computed of a row that was just written."""
    schema = storage.schema
    plan = storage.plan(QueryShape(("select", *(field.name for field in fields)), schema.key.conditions))
    rows = await database.read(plan.sql, plan.arrange(record._row[: schema.key.size]))
    if not rows:
        return  # deleted by another meanwhile
    row = list(record._row)
    for field, value in zip(fields, rows[0], strict=True):
        row[field.position] = value
        setattr(record, field.name, storage.decode(field.position, value))
    record._row = tuple(row)


async def _update_locked(record: Any, schema: Schema, database: Database, storage: Storage) -> None:
    """Update; a record that was not written keeps the version it had."""
    if schema.lock is None:
        await _update(record, schema, database, storage)
        return
    version = getattr(record, schema.lock.name)
    try:
        await _update(record, schema, database, storage)
    except BaseException:
        setattr(record, schema.lock.name, version)
        raise


async def _update(record: Any, schema: Schema, database: Database, storage: Storage) -> None:
    positions = changed_positions(record, storage.encode(record), storage)
    if not positions:
        return
    _stamp(record, schema, creating=False)
    key, conditions = address_of(record, schema)
    if schema.lock is not None:
        setattr(record, schema.lock.name, key[-1] + 1)
    row = storage.encode(record)
    positions = changed_positions(record, row, storage)
    names = [schema.fields[position].name for position in positions]
    plan = storage.plan(QueryShape(("update", *names), conditions))
    written = await database.write(plan.sql, plan.arrange([*(row[position] for position in positions), *key]))
    if written.rows == 0:
        raise await explain_missing(record, schema, database, storage)
    remember(database, record, record._row, schema.key.of(record))
    record._row = tuple(row)
    if generated := tuple(field for field in schema.computed if field.is_generated):
        await _read_back(record, generated, database, storage)


def address_of(record: Any, schema: Schema) -> tuple[tuple[Any, ...], tuple[Shape, ...]]:
    """Say which row a record is, in which version: the values and the conditions."""
    key = record._row[: schema.key.size]
    if schema.lock is None:
        return key, schema.key.conditions
    return (*key, getattr(record, schema.lock.name)), (*schema.key.conditions, ("eq", schema.lock.name))


async def explain_missing(record: Any, schema: Schema, database: Database, storage: Storage) -> Exception:
    """Build the error for a statement that found no row: it is gone, or of another version."""
    key = record._row[: schema.key.size]
    if schema.lock is not None and await database.read(storage.find_sql, key):
        return StaleRecord(schema.model, schema.key.shown(key))
    return RecordNotFound(schema.model, schema.key.shown(key))


async def _hash_passwords(record: Any, schema: Schema) -> None:
    for access in schema.passwords.values():
        await access.hash(record)


def remember(database: Database, record: Any, row: Row | None, key: Any) -> None:
    """Note what a record was before this statement, for the case that its transaction is undone."""
    transaction = active_transaction(database)
    if transaction is not None:
        computed = {field.name: getattr(record, field.name) for field in type(record).__schema__.computed}
        transaction.on_undo(partial(_restore, record, row, key, computed))


def _restore(record: Any, row: Row | None, key: Any, computed: Mapping[str, Any]) -> None:
    record._row = row
    for name, value in computed.items():
        setattr(record, name, value)
    lock = type(record).__schema__.lock
    if lock is not None:
        setattr(record, lock.name, lock.default() if row is None else row[lock.position])
    described = type(record).__schema__.key
    if described.made_by != "program":
        setattr(record, described.name, key)


def _stamp(record: Any, schema: Schema, *, creating: bool) -> None:
    if not schema.stamped:
        return
    now = datetime.now(UTC)
    for field in schema.stamped:
        if field.options.stamp == "save" or (creating and getattr(record, field.name) is None):
            setattr(record, field.name, now)
