"""Fields: a record taken apart into the names that a form or a query sends it by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect as shapes

from spica.injection.annotations import without_none
from spica.injection.refusals import read_hints
from spica.injection.types import is_record, is_scalar_list


class SentField(NamedTuple):
    """A field of a form or query: its whole name, `post[title]`, its type, and NODEFAULT where it has no default."""

    name: str
    type: Any
    required: bool
    default: Any


def read_fields(type_: Any, prefix: str = "") -> Iterator[SentField]:
    """Take a record apart, records inside it too; `prefix` is the group that it is sent in, "" for none.

    What is no record (a dict) is one field of the prefix's name, or none without a prefix.
    """
    yield from _read(type_, prefix, required=True, above=())


def _read(type_: Any, prefix: str, *, required: bool, above: tuple[Any, ...]) -> Iterator[SentField]:
    record = without_none(type_)
    if not is_record(record) or record in above:
        if prefix:
            yield SentField(prefix, type_, required, msgspec.NODEFAULT)
        return
    shape: Any = shapes.type_info(record)
    hints = read_hints(record)
    for field in shape.fields:
        name = f"{prefix}[{field.encode_name}]" if prefix else field.encode_name
        kind = hints[field.name]
        wanted = required and field.required
        if is_record(without_none(kind)):
            yield from _read(kind, name, required=wanted, above=(*above, record))
        else:
            grouped = prefix and is_scalar_list(kind)
            yield SentField(f"{name}[]" if grouped else name, kind, wanted, field.default)
