"""Checking a record before it is saved: types, presence, rules, uniqueness, the model's own `@validate` methods."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_
from typing import Any

from spica.orm.callbacks import holds, run_callbacks
from spica.orm.changes import list_changed
from spica.orm.schema import FieldRules, Schema
from spica.orm.storage import storage_of
from spica.validation import CoercionFailed, Errors
from spica.validation.messages import BLANK, COMPUTED, READONLY, TAKEN

_WILDCARDS = re.compile(r"[%_\\]")


async def check_record(record: Any, errors: Errors) -> bool:
    """Find everything that is wrong with a record.

    Args:    record: an instance of a model; errors: where the messages go.
    Returns: whether there is nothing wrong.
    """
    schema: Schema = type(record).__schema__
    check_types(record, schema, errors)
    for access in schema.passwords.values():
        message = access.check(record)
        if message is not None:
            errors.add(access.name, message)
    for rule in schema.rules:
        if rule.name not in errors:
            await _check_rule(record, rule, schema, errors)
    if "validate" in schema.callbacks:
        await run_callbacks(record, schema.callbacks, "validate")
    return not errors


def check_types(record: Any, schema: Schema, errors: Errors) -> None:
    """Give every field a value of its type, or a message. The value that was typed stays in the record."""
    for field in schema.fields:
        value = getattr(record, field.name)
        if type(value) is field.kind and field.takes_all:
            continue
        if value is None:
            if field.is_required:
                errors.add(field.name, BLANK)
            continue
        try:
            setattr(record, field.name, field.convert(value))
        except CoercionFailed as problem:
            errors.add(field.shown_as, problem.message)
    if schema.guarded:
        _check_guarded(record, schema, errors)


def _check_guarded(record: Any, schema: Schema, errors: Errors) -> None:
    """Refuse values in fields that a save does not write."""
    changed = list_changed(record)
    for field in schema.guarded:
        if field.name in changed and (field.is_generated or record._row is not None):
            errors.add(field.name, COMPUTED if field.is_generated else READONLY)


async def _check_rule(record: Any, rule: FieldRules, schema: Schema, errors: Errors) -> None:
    if rule.on is not None and (rule.on == "create") is not record.new_record:
        return
    if rule.condition is not None and not await holds(record, rule.condition):
        return
    access = schema.passwords.get(rule.name)
    value = getattr(record, rule.name) if access is None else access.assigned(record)
    if access is not None and value is None:
        return  # the password stays as it is, or is missed already
    for condition in rule.rules:
        message = condition.check(value)
        if message is not None:
            errors.add(rule.name, message.reworded(rule.message))
    if rule.unique and value is not None and rule.name not in errors and await _is_taken(record, rule, value):
        errors.add(rule.name, TAKEN.reworded(rule.message))


def _is_row_of(record: Any) -> Any:
    """Build the condition that holds for a record's own row."""
    model = type(record)
    _, storage = storage_of(model)
    conditions = [
        getattr(model, field.name) == storage.decode(field.position, record._row[field.position])
        for field in model.__schema__.key.fields
    ]
    return reduce(and_, conditions)


async def _is_taken(record: Any, rule: FieldRules, value: Any) -> bool:
    model = type(record)
    assert rule.unique is not None
    ignores_case = not rule.unique.case and isinstance(value, str)
    if ignores_case:
        same = model.where(getattr(model, rule.name).ilike(_WILDCARDS.sub("_", value)))
    else:
        same = model.where(**{rule.name: value})
    if rule.unique.scope:
        same = same.where(**{name: getattr(record, name) for name in rule.unique.scope})
    if record.persisted:
        same = same.where(~_is_row_of(record))
    if ignores_case:  # the pattern finds a little too much: `_` stands for a wildcard and for any character
        return any(found.casefold() == value.casefold() for found in await same.pluck(rule.name))
    return bool(await same.exists())
