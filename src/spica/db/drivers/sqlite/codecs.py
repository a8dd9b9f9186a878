"""How Python values are stored in SQLite, which itself knows only integers, reals, text and bytes.

- bool:     0 and 1.
- datetime: text in UTC, always with microseconds, "2026-11-21 09:30:00.000000": it sorts as time does, and SQLite's own
            date functions read it.
- date:     "2026-11-21"; time: "09:30:00.000000".
- timedelta: an integer, its microseconds.
- Decimal:  a number of the column's NUMERIC affinity. SQLite keeps 15 significant digits; a value with more is refused,
            because rounding money silently is worse.
- UUID:     its 36 characters. JSON (list, dict): text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from spica.db.driver import Codec
from spica.db.errors import BadValue

MAX_DECIMAL_DIGITS = 15
_MICROSECOND = timedelta(microseconds=1)
_PASS = Codec(None, None)
_parse = datetime.fromisoformat


def encode_datetime(value: datetime) -> str:
    """Write a datetime for the database; a naive one is taken as UTC."""
    if value.tzinfo is not None and value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]  # without the zone


def decode_datetime(text: str) -> datetime:
    """Read a datetime; a text without a zone (ours, and SQLite's CURRENT_TIMESTAMP) is in UTC."""
    try:
        return _parse(text + "+00:00")  # 0.1 µs, where setting the zone afterwards takes 0.7
    except ValueError:  # it has a zone, or is a date alone
        value = _parse(text)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def encode_decimal(value: Decimal) -> str:
    """Write a decimal. Raises BadValue when it has more digits than SQLite keeps."""
    digits = value.normalize().as_tuple().digits
    if len(digits) > MAX_DECIMAL_DIGITS:
        raise BadValue(
            f"has {len(digits)} significant digits, of which SQLite keeps {MAX_DECIMAL_DIGITS}",
            fix="round it, store it as text, or use a database with exact decimals",
        )
    return format(value, "f")


def decode_decimal(value: float | int | str) -> Decimal:
    """Read a decimal through the shortest text of the stored number, so that 0.1 is Decimal("0.1")."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


CODECS: Mapping[type, Codec] = {
    bool: Codec(None, bool),  # sqlite3 binds True as 1 by itself
    datetime: Codec(encode_datetime, decode_datetime),
    date: Codec(date.isoformat, date.fromisoformat),
    time: Codec(lambda value: value.isoformat("microseconds"), time.fromisoformat),
    timedelta: Codec(lambda value: value // _MICROSECOND, lambda number: timedelta(microseconds=number)),
    Decimal: Codec(encode_decimal, decode_decimal),
    UUID: Codec(str, UUID),
    list: Codec(lambda value: msgspec.json.encode(value).decode(), msgspec.json.decode),
    dict: Codec(lambda value: msgspec.json.encode(value).decode(), msgspec.json.decode),
    str: _PASS,
    int: _PASS,
    float: Codec(None, float),  # an integer in a REAL column of a foreign table may come back as int
    bytes: _PASS,
}
