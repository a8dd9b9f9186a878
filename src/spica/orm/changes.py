"""Changes: what differs between a record and the row it was read from.

Rules of this file:
- A record keeps the row it was made from. Its values in the row's form are compared with that, so what changed inside
  of a list, a dict or an object is noticed too.
- A value that is written differently but reads the same has not changed.
- UNREAD stands in the row of a record that an older version of the program pickled, for a field that it did not know:
  what the database has there is left alone until the field is set.
"""

from __future__ import annotations

from typing import Any

from spica.orm.fields import Field
from spica.orm.schema import Schema
from spica.orm.storage import Storage, storage_of


class _Unread:
    """Stands for a column that was not read. Pickled by its name, so that there is one."""

    def __repr__(self) -> str:
        return "UNREAD"

    def __reduce__(self) -> str:
        return "UNREAD"


UNREAD = _Unread()


def list_changed(record: Any) -> list[str]:
    """List the fields whose value differs from the row's, or for a new record from the default."""
    schema: Schema = type(record).__schema__
    if record._row is None:
        return [field.name for field in schema.fields if getattr(record, field.name) != field.default()]
    _, storage = storage_of(type(record))
    return [
        field.name
        for field, value in zip(schema.fields, record._row, strict=True)
        if _is_changed(field, getattr(record, field.name), value, storage)
    ]


def changed_positions(record: Any, row: list[Any], storage: Storage) -> list[int]:
    """Find the columns to write, from the record's values in the row's form."""
    return [
        position
        for position, (new, old) in enumerate(zip(row, record._row, strict=True))
        if new != old and _must_write(storage.schema.fields[position], record, new, old, storage)
    ]


def _must_write(field: Field, record: Any, new: Any, old: Any, storage: Storage) -> bool:
    if field.is_generated:
        return False
    if old is UNREAD:
        return bool(getattr(record, field.name) != field.default())
    decode = storage.decode
    if old is None or new is None:
        return True
    return bool(decode(field.position, new) != decode(field.position, old)) and not _is_same_json(field, new, old)


def _is_changed(field: Field, value: Any, stored: Any, storage: Storage) -> bool:
    if stored is UNREAD:
        return bool(value != field.default())
    read = storage.decode(field.position, stored)
    if value == read:
        return False
    return not (
        type(value) is type(read) and field.json is not None and _written(field, value) == _written(field, read)
    )


def _is_same_json(field: Field, new: Any, old: Any) -> bool:
    """Whether two JSON texts say the same, where the objects they stand for can't be compared with each other."""
    if field.json is None or not isinstance(new, str):
        return False
    return _written(field, field.json.decode(new)) == _written(field, field.json.decode(old))


def _written(field: Field, value: Any) -> str | None:
    assert field.json is not None
    try:
        return field.json.encode(value)
    except (TypeError, ValueError):
        return None  # what was assigned does not fit; `save` will say so
