"""What a model's fields need of a table: columns as data, and the checks of enums.

Rules of this file:
- A column has what the model says and no more; a list of scalars is an array, which is JSON where there are none.
- An enum's check is made with its column. One that is there is replaced when it has other values, never added: a table
  may have good reasons to be without.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from spica.migrations.columns import Column, Sql, enum_check
from spica.migrations.errors import BadOperation
from spica.migrations.operations import AddCheck, Operation, RemoveCheck

if TYPE_CHECKING:
    from spica.orm.fields import Field, FieldOptions
    from spica.orm.schema import Schema

_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    datetime: "datetime",
    date: "date",
    time: "time",
    timedelta: "interval",
    Decimal: "decimal",
    UUID: "uuid",
    bytes: "binary",
    list: "json",
    dict: "json",
}
_VALUES = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?[0-9]+)(?![\w.])")


def has_usual_key(schema: Schema) -> bool:
    """Whether the key is `id`, a number that the database gives."""
    return schema.key.made_by == "database" and schema.key.fields[0].column == "id"


def build_model_column(schema: Schema, one: Field) -> Column:
    """Build the column that a model's field needs. Raises BadOperation for a type that no column has."""
    type = "text" if one.text else _TYPES.get(one.storage)
    if type is None:
        raise BadOperation(f"{schema.model}.{one.name} has a type that db diff does not know: {one.storage.__name__}")
    options = one.options
    if one.element is not None:
        return Column(one.column, "array", null=one.nullable, of=_TYPES[one.element], default=_default(options))
    return Column(
        one.column,
        "bigint" if one.is_key and type == "integer" else type,
        limit=options.max if type == "string" else None,
        precision=options.precision,
        scale=options.scale,
        null=one.nullable and not one.is_key,
        default=_default(options) if options.db_default is None else Sql(options.db_default),
        key=one.is_key,
        generated=options.generated,
        stored=options.stored,
    )


def build_checks(schema: Schema, columns: Collection[str]) -> list[Operation]:
    """Build the checks of the enums among some columns."""
    return [
        AddCheck(schema.table, *enum_check(schema.table, one.column, values))
        for one in schema.fields
        if one.column in columns and (values := _values_of(one))
    ]


def compare_checks(schema: Schema, checks: Sequence[AddCheck]) -> list[Operation]:
    """Build what replaces those checks of enums that have other values than their enum has now."""
    there = {check.name: check for check in checks}
    changes: list[Operation] = []
    for one in schema.fields:
        values = _values_of(one)
        condition, name = enum_check(schema.table, one.column, values)
        check = there.get(name)
        if values and check is not None and _values_in(check.condition) != {str(value) for value in values}:
            changes += [RemoveCheck(schema.table, name, check.condition), AddCheck(schema.table, condition, name)]
    return changes


def _values_of(one: Field) -> list[Any]:
    return [member.value for member in one.kind] if isinstance(one.kind, type) and issubclass(one.kind, Enum) else []


def _values_in(condition: str) -> set[str]:
    return {text.replace("''", "'") or number for text, number in _VALUES.findall(condition)}


def _default(options: FieldOptions) -> Any:
    """Find the default that a database can have too: a plain value, an empty list or dict."""
    if options.default_factory in (list, dict):
        return options.default_factory()
    value = options.default
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | int | float | bool | Decimal) else None
