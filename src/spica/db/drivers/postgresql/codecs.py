"""How Python values are stored in PostgreSQL, whose types are Python's but for a few.

- datetime: timestamptz; a naive one is taken as UTC, and what comes back is in UTC. Sessions run in UTC, so a plain
            timestamp column holds UTC too.
- UUID:     asyncpg has a class of its own; what comes back is Python's.
- str:      any text but one with a NUL character, which PostgreSQL can't store.
- timedelta: interval; one that was written with months has 30 days for each.
- JSON (list, dict): jsonb, as text on the way. In hand-written SQL a list is an array.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from spica.db.driver import Codec
from spica.db.errors import BadValue

_PASS = Codec(None, None)


def encode_text(value: str) -> str:
    """Check a text. Raises BadValue for one with a NUL character."""
    if "\0" in value:
        raise BadValue("contains a NUL character, which PostgreSQL can't store", fix="remove it, or use bytes")
    return value


def encode_datetime(value: datetime) -> datetime:
    """Give a naive datetime its zone, UTC."""
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def decode_datetime(value: datetime) -> datetime:
    """Read a datetime; one of a column without zones is in UTC."""
    return value if value.tzinfo is UTC else encode_datetime(value).astimezone(UTC)


def encode_json(value: Any) -> str:
    """Write a list or a dict. jsonb refuses an escaped NUL character; the server says so."""
    return msgspec.json.encode(value).decode()


def decode_uuid(value: UUID) -> UUID:
    """Read a UUID as Python's own class."""
    return UUID(int=value.int)


CODECS: Mapping[type, Codec] = {
    bool: _PASS,
    datetime: Codec(encode_datetime, decode_datetime),
    date: _PASS,
    time: _PASS,
    timedelta: _PASS,
    Decimal: _PASS,
    UUID: Codec(None, decode_uuid),
    list: Codec(encode_json, msgspec.json.decode),
    dict: Codec(encode_json, msgspec.json.decode),
    str: Codec(encode_text, None),
    int: _PASS,
    float: _PASS,
    bytes: _PASS,
}
# In hand-written SQL the server knows what a list is for: `where id = any(:ids)`.
STATEMENT_CODECS: Mapping[type, Codec] = {**CODECS, list: _PASS}
