"""How Python values are stored in MariaDB and MySQL.

- bool:     a tinyint, 0 or 1.
- datetime: a datetime(6) in UTC without its zone, which these databases don't store; sessions run in UTC, so a
            timestamp column holds the same. A naive one is taken as UTC.
- time:     a time(6). timedelta: an integer, its microseconds, because a time ends after 838 hours.
- float:    any but infinities and NaN, which they can't store.
- UUID:     its 36 characters, for char(36) and MariaDB's uuid. JSON (list, dict): text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from spica.db.driver import Codec
from spica.db.errors import BadValue

_MICROSECOND = timedelta(microseconds=1)
_PASS = Codec(None, None)


def encode_datetime(value: datetime) -> datetime:
    """Take a datetime to UTC and leave its zone out."""
    if value.tzinfo is None:
        return value
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None)


def decode_datetime(value: datetime) -> datetime:
    """Give a datetime its zone, UTC."""
    return value.replace(tzinfo=UTC)


def encode_time(value: time) -> str:
    """Write a time of day."""
    return value.isoformat("microseconds")


def decode_time(value: timedelta | time | str) -> time:
    """Read a time of day; these databases call a duration so, and give one. A text is what `encode_time` wrote."""
    match value:
        case str():
            return time.fromisoformat(value)
        case time():
            return value
    return (datetime.min + value).time()


def encode_float(value: float) -> float:
    """Check a number. Raises BadValue for infinities and NaN."""
    if not math.isfinite(value):
        raise BadValue(f"is {value}, which MariaDB can't store", fix="store None instead")
    return value


def encode_json(value: Any) -> str:
    """Write a list or a dict."""
    return msgspec.json.encode(value).decode()


CODECS: Mapping[type, Codec] = {
    bool: Codec(None, bool),
    datetime: Codec(encode_datetime, decode_datetime),
    date: _PASS,
    time: Codec(encode_time, decode_time),
    timedelta: Codec(lambda value: value // _MICROSECOND, lambda number: timedelta(microseconds=number)),
    Decimal: _PASS,
    UUID: Codec(str, UUID),
    list: Codec(encode_json, msgspec.json.decode),
    dict: Codec(encode_json, msgspec.json.decode),
    str: _PASS,
    int: _PASS,
    float: Codec(encode_float, float),
    bytes: _PASS,
}
