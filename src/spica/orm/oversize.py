"""Values that a column is too small for, as messages about fields.

A model that says no `max=` leaves it to the database, and so does an `int` whose column has 32 bits. MariaDB names the
column that was too small; PostgreSQL does not, but says how many characters it takes, or that a number was the matter.
"""

from __future__ import annotations

from typing import Any

from spica.db.errors import BadValue
from spica.orm.changes import list_changed
from spica.orm.schema import Schema
from spica.validation import Message

_LARGEST = (2**63 - 1, 2**31 - 1)  # of a bigint and of an integer
_TOO_LONG = Message("is too long", "too_long")
_TOO_LARGE = Message("is too large", "too_large")
_TOO_SMALL = Message("is too small", "too_small")


def list_too_large(problem: BadValue, record: Any, schema: Schema) -> list[tuple[str, Message]]:
    """List the fields whose values the database found too large, with messages.

    Returns: [] when the problem is another, or when no field comes into question.
    """
    if problem.excess is None:
        return []
    column, most = problem.excess
    written = schema.by_name if record.new_record else list_changed(record)
    values = {name: getattr(record, name) for name in written}
    if column:
        name = schema.by_column.get(column, "")
        return [] if name not in values else [(name, _message(values[name], None))]
    if most is not None:
        return [
            (name, _message(value, most)) for name, value in values.items() if _is_longer(schema, name, value, most)
        ]
    for largest in _LARGEST:
        found = [(name, _message(value, None)) for name, value in values.items() if _is_beyond(value, largest)]
        if found:
            return found
    return []


def _is_longer(schema: Schema, name: str, value: object, most: int) -> bool:
    return isinstance(value, str) and not schema.by_name[name].text and len(value) > most


def _is_beyond(value: object, largest: int) -> bool:
    return isinstance(value, int) and not -largest - 1 <= value <= largest


def _message(value: object, most: int | None) -> Message:
    if isinstance(value, str):
        return (
            _TOO_LONG
            if most is None
            else Message(f"is too long (maximum is {most} characters)", "too_long", count=most)
        )
    return _TOO_SMALL if isinstance(value, int) and value < 0 else _TOO_LARGE
