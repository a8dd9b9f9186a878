"""Destroying one record: its row goes, or with `SoftDelete` is marked.

Rules of this file:
- A model without callbacks, dependents and parents to tell takes one statement; others a transaction.
- A row that another process destroyed first is not counted a second time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from spica.db.engine import current
from spica.db.errors import ConstraintViolation
from spica.db.transaction import Rollback, active_transaction
from spica.orm.callbacks import around_callbacks, run_callbacks
from spica.orm.errors import NotDestroyed, NotPersisted, StaleRecord
from spica.orm.persistence import address_of, await_outcome, explain_missing, remember
from spica.orm.relations import parents
from spica.orm.relations.dependents import add_restriction, release_dependents, restore_dependents
from spica.orm.relations.destroying import being_destroyed, moment_of_destroy
from spica.orm.schema import DESTROY_EVENTS, Schema
from spica.orm.shapes import QueryShape
from spica.orm.storage import storage_of
from spica.validation import Errors


async def destroy_record(record: Any, *, really: bool = False) -> None:
    """Delete a record's row, or mark it as deleted where its model has `SoftDelete`.

    Args:    really: delete the row all the same.
    Raises:  NotPersisted for a record that was never saved; NotDestroyed, with messages in its errors, when others
             depend on it or a callback refuses.
    """
    schema: Schema = type(record).__schema__
    if record._row is None:
        raise NotPersisted(f"this {schema.model} can't be destroyed", why="it was never saved, or is destroyed already")
    marks = schema.deletion is not None and not really
    if marks and is_marked(record, schema):
        return
    if not (marks or schema.dependents or schema.parents or schema.has_callbacks(*DESTROY_EVENTS)):
        await _delete(record)
        return
    record._errors = Errors()
    async with current().transaction() as transaction:
        with being_destroyed(record):
            await run_callbacks(record, schema.callbacks, "before_destroy")
            async with around_callbacks(record, schema.callbacks, "around_destroy"):
                await release_dependents(record, schema, softly=marks)
                await _go(record, schema, marks=marks)
            await_outcome(transaction, record, schema, "after_destroy_commit")
            await run_callbacks(record, schema.callbacks, "after_destroy")


async def restore_record(record: Any) -> bool:
    """Take the mark off a deleted record, and off what was deleted with it. Returns False when it is not valid.

    Raises:  NotPersisted; ValidationError when something that was deleted with it is not valid.
    """
    schema: Schema = type(record).__schema__
    assert schema.deletion is not None
    name = schema.deletion.name
    if record._row is None:
        raise NotPersisted(f"this {schema.model} can't be restored", why="its row is not in the database")
    moment, restored = getattr(record, name), False
    if moment is None:
        return True
    try:
        async with current().transaction():
            setattr(record, name, None)
            if await _lock_mark(record, schema) is not None:
                if schema.parents:
                    await parents.enter(record, schema)
                if not await record.save():
                    raise Rollback
                with being_destroyed(record):  # its own counters have counted them all the time
                    await restore_dependents(record, schema, moment)
            restored = True
    finally:
        if not restored:
            setattr(record, name, moment)
    return restored


def is_marked(record: Any, schema: Schema) -> bool:
    """Whether a record is marked as deleted."""
    return schema.deletion is not None and getattr(record, schema.deletion.name) is not None


async def _go(record: Any, schema: Schema, *, marks: bool) -> None:
    counted = schema.parents and not is_marked(record, schema)
    held = await parents.lock_keys(record, schema) if counted else {}
    if marks:
        if not await _mark(record, schema):
            return
    else:
        await _delete_checked(record, schema)
    if held:
        await parents.leave(schema, held)


async def _delete_checked(record: Any, schema: Schema) -> None:
    try:
        await _delete(record)
    except ConstraintViolation as problem:
        restricting = [one for one in schema.dependents if one.options.dependent == "restrict"]
        if problem.kind != "foreign key" or not restricting:
            raise
        for relation in restricting:  # another process was faster than the look at them
            add_restriction(relation, record)
        raise NotDestroyed(record, record.errors) from problem


async def _delete(record: Any) -> None:
    database, storage = storage_of(type(record))
    schema: Schema = type(record).__schema__
    key, conditions = address_of(record, schema)
    plan = storage.plan(QueryShape(("delete",), conditions))
    written = await database.write(plan.sql, plan.arrange(key))
    if written.rows == 0 and schema.lock is not None:
        problem = await explain_missing(record, schema, database, storage)
        if isinstance(problem, StaleRecord):
            raise problem
    remember(database, record, record._row, schema.key.of(record))
    record._row = None


async def _mark(record: Any, schema: Schema) -> bool:
    """Mark a row as deleted, whatever else of the record changed. Returns whether it was not marked before."""
    assert schema.deletion is not None
    database, storage = storage_of(type(record))
    moment = moment_of_destroy()
    values: dict[str, Any] = {schema.deletion.name: moment}
    values |= {field.name: moment for field in schema.stamped if field.options.stamp == "save"}
    keys = {field.name: storage.decode(field.position, record._row[field.position]) for field in schema.key.fields}
    if schema.lock is not None:
        version = getattr(record, schema.lock.name)
        keys[schema.lock.name], values[schema.lock.name] = version, version + 1
    row = type(record).unscoped().where(**keys, **{schema.deletion.name: None})
    marked: bool = await row.update_all(**values) > 0
    rows = await database.read(storage.find_sql, record._row[: schema.key.size])
    if not rows:
        return False
    position = schema.deletion.position
    if not marked and rows[0][position] is None:
        raise StaleRecord(schema.model, schema.key.of(record))
    remember(database, record, record._row, schema.key.of(record))
    transaction = active_transaction(database)
    fresh = list(record._row)
    for name in values if marked else (schema.deletion.name,):
        field = schema.field(name)
        if transaction is not None:
            transaction.on_undo(partial(setattr, record, name, getattr(record, name)))
        fresh[field.position] = rows[0][field.position]
        setattr(record, name, storage.decode(field.position, rows[0][field.position]))
    record._row = tuple(fresh)
    return marked


async def _lock_mark(record: Any, schema: Schema) -> Any:
    """Lock a row and read its mark."""
    assert schema.deletion is not None
    database, storage = storage_of(type(record))
    plan = storage.plan(QueryShape(("lock", schema.deletion.name), schema.key.conditions))
    rows = await database.read(plan.sql, plan.arrange(record._row[: schema.key.size]))
    if not rows:
        raise await explain_missing(record, schema, database, storage)
    return rows[0][0]
