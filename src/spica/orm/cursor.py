"""Cursors: where a page of a query ended, as a token for a client to give back.

Rules of this file:
- A token has the values of the order's fields at one record, no more; they are bound like all values.
- It is of one order. One that was altered or is of another order is refused: it carries a checksum, which is no
  signature. Whoever forges one chooses where a page starts, which everybody may do.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, NamedTuple

import msgspec

from spica.orm.errors import InvalidCursor
from spica.orm.expressions import NEVER, Condition
from spica.orm.fields import Field
from spica.validation import CoercionFailed

_CHECK_BYTES = 6


class Key(NamedTuple):
    """One field of an order. nulls_first: whether NULL comes before everything; None where it can't be."""

    field: Field
    descending: bool
    nulls_first: bool | None

    def reversed(self) -> Key:
        """The same field in the other direction."""
        return Key(self.field, not self.descending, None if self.nulls_first is None else not self.nulls_first)


def write_cursor(model: str, keys: list[Key], record: Any) -> str:
    """Write the token of a record."""
    content = msgspec.json.encode([getattr(record, key.field.name) for key in keys])
    return base64.urlsafe_b64encode(_check(model, keys, content) + content).decode().rstrip("=")


def read_cursor(model: str, keys: list[Key], token: str) -> list[Any]:
    """Read a token: a value for each field. Raises InvalidCursor."""
    try:
        octets = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidCursor(token) from None
    check, content = octets[:_CHECK_BYTES], octets[_CHECK_BYTES:]
    if check != _check(model, keys, content):
        raise InvalidCursor(token)
    values = msgspec.json.decode(content)
    try:
        return [_convert(key.field, value) for key, value in zip(keys, values, strict=True)]
    except (CoercionFailed, ValueError):
        raise InvalidCursor(token) from None


def after(model: Any, keys: list[Key], values: list[Any]) -> Condition:
    """The condition for records that come after these values: a > 1, or a == 1 and b > 2, and so on."""
    (key, *further), (value, *rest) = keys, values
    column = getattr(model, key.field.name)
    beyond: Condition
    if value is None:
        beyond = column != None if key.nulls_first else Condition(column.schema, NEVER)  # noqa: E711  # IS NOT NULL
    else:
        beyond = column < value if key.descending else column > value
        if key.nulls_first is False:
            beyond = beyond | (column == None)  # noqa: E711  # IS NULL
    return beyond | (column == value) & after(model, further, rest) if further else beyond


def _convert(field: Field, value: Any) -> Any:
    if value is None:
        return None
    return base64.b64decode(value) if field.storage is bytes else field.convert(value)


def _check(model: str, keys: list[Key], content: bytes) -> bytes:
    order = ",".join(f"{key.field.name} {key.descending} {key.nulls_first}" for key in keys)
    return hashlib.blake2s(
        content, key=hashlib.blake2s(f"{model}:{order}".encode()).digest(), digest_size=_CHECK_BYTES
    ).digest()
