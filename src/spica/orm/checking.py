"""Checking a record before it is saved: types, presence, rules, uniqueness, the model's own `@validate` methods."""

from __future__ import annotations

from typing import Any

from spica.orm.callbacks import run_callbacks
from spica.orm.fields import Field
from spica.orm.schema import FieldRules, Schema
from spica.validation import CoercionFailed, Errors


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
        if type(value) is field.kind and field.storage is not str:
            continue
        if value is None:
            if field.is_required:
                errors.add(field.name, "can't be blank")
            continue
        try:
            setattr(record, field.name, field.convert(value))
        except CoercionFailed as problem:
            errors.add(field.shown_as, str(problem))


async def _check_rule(record: Any, rule: FieldRules, schema: Schema, errors: Errors) -> None:
    access = schema.passwords.get(rule.name)
    value = getattr(record, rule.name) if access is None else access.assigned(record)
    if access is not None and value is None:
        return  # the password stays as it is, or is missed already
    for condition in rule.rules:
        message = condition.check(value)
        if message is not None:
            errors.add(rule.name, message)
    if rule.unique and value is not None and rule.name not in errors:
        await _check_unique(record, schema.by_name[rule.name], value, errors)


async def _check_unique(record: Any, field: Field, value: Any, errors: Errors) -> None:
    model = type(record)
    same = model.where(**{field.name: value})
    if record.persisted:
        same = same.where(model.id != record.id)
    if await same.exists():
        errors.add(field.name, "has already been taken")
