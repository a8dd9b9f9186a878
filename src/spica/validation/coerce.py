"""Coercion: a value as it came (form text, JSON, Python) to the type that a field declares.

Rules of this file:
- A value either becomes exactly the declared type or is refused with a message for the person who typed it.
- Nothing is guessed: no digits with underscores or of other scripts, no NaN, no rounding of 3.5 to an integer.
- Integers are those of a database: 64 bits, signed. Text is what every database can store: no NUL, no lone surrogates.
- A datetime is aware and in UTC. Text without a zone, as a form sends it, is taken as UTC; a naive datetime object is
  refused: `datetime.now()` is local time, and nobody could tell.
- JSON that already is what its type says stays the object it is; anything else becomes a new one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from spica.validation.json_types import JsonType, is_json_type, json_type
from spica.validation.messages import Message

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_CLOCK = re.compile(r"(-)?(?:([0-9]{1,9}) days?,? )?([0-9]{1,9}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?")
_MAX_DURATION = timedelta(microseconds=MAX_INTEGER)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?")
_TRUE = frozenset({"1", "on", "true", "t", "yes", "y"})
_FALSE = frozenset({"", "0", "off", "false", "f", "no", "n"})


class CoercionFailed(ValueError):
    """Raised when a value can't become the declared type; its text is a message about the field: "is not a number"."""

    @property
    def message(self) -> Message:
        """The text with its code."""
        given = self.args[0]
        return given if isinstance(given, Message) else Message(given, _CODES.get(given, "invalid"))


_CODES = {
    "can't be blank": "blank",
    "is not a number": "not_a_number",
    "must be a whole number": "not_an_integer",
    "is not included in the list": "inclusion",
    "is too large": "too_large",
    "is too small": "too_small",
    "is not a date": "not_a_date",
    "is not a date and time": "not_a_datetime",
    "is not a time of day": "not_a_time",
    "is not a duration": "not_a_duration",
}


def coerce(value: object, kind: Any, *, nullable: bool = False) -> Any:
    """Convert one value to a field's type.

    Args:    value: anything a form, JSON or code may give;
             kind: str, int, float, bool, datetime, date, time, timedelta, Decimal, UUID, bytes, an Enum, or a JSON type
             as list[int], a Struct or a dataclass;
             nullable: whether None is a value; then the empty text of a form means None.
    Returns: the value itself when it already fits, else a new one of exactly that type.
    Raises:  CoercionFailed, with the message for the field.
    """
    if value is None:
        if nullable:
            return None
        raise CoercionFailed("can't be blank")
    if nullable and kind is not str and isinstance(value, str) and not value.strip():
        return None
    return coercer(kind)(value)


def coercer(kind: Any) -> Callable[[object], Any]:
    """Pick the function that converts to a type. Raises TypeError for a type that no field can have."""
    known = _COERCERS.get(kind)
    if known is not None:
        return known
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: _to_enum(value, kind)
    if is_json_type(kind):
        form = json_type(kind)
        return lambda value: _to_json(value, form)
    raise TypeError(f"no coercion to {kind!r}")


def _to_str(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if not isinstance(value, str):
        raise CoercionFailed("must be text")
    if "\x00" in value:
        raise CoercionFailed("must not contain a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise CoercionFailed("has characters that can't be stored") from None
    return value


def _to_int(value: object) -> int:
    if isinstance(value, bool):
        raise CoercionFailed("is not a number")
    if isinstance(value, str):
        text = value.strip()
        if not _INTEGER.fullmatch(text):
            message = "must be a whole number" if _NUMBER.fullmatch(text) else "is not a number"
            raise CoercionFailed(message)
        value = int(text)
    elif isinstance(value, (float, Decimal)):
        if not math.isfinite(value):
            raise CoercionFailed("is not a number")
        if value != int(value):
            raise CoercionFailed("must be a whole number")
        value = int(value)
    elif not isinstance(value, int):
        raise CoercionFailed("is not a number")
    if not MIN_INTEGER <= value <= MAX_INTEGER:
        raise CoercionFailed("is too large" if value > 0 else "is too small")
    return int(value)


def _to_float(value: object) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = float(value)
    elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (OverflowError, ValueError):
            raise CoercionFailed("is not a number") from None
    else:
        raise CoercionFailed("is not a number")
    if not math.isfinite(number):
        raise CoercionFailed("is not a number")
    return number


def _to_decimal(value: object) -> Decimal:
    if isinstance(value, bool):
        raise CoercionFailed("is not a number")
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            raise CoercionFailed("is not a number")
        value = value.strip()
    elif isinstance(value, float):
        value = repr(value)  # the shortest text that reads back as this float: what the person meant by 0.1
    elif not isinstance(value, (int, Decimal)):
        raise CoercionFailed("is not a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise CoercionFailed("is not a number") from None
    if not number.is_finite():
        raise CoercionFailed("is not a number")
    return number


def _to_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return value == 1
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
    raise CoercionFailed("must be yes or no")


def _to_datetime(value: object) -> datetime:
    if isinstance(value, str) and _DATETIME.fullmatch(value.strip()):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise CoercionFailed("is not a date and time") from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    elif isinstance(value, datetime) and value.tzinfo is None:
        raise CoercionFailed("has no time zone, so nobody knows when it is; use datetime.now(UTC), not datetime.now()")
    if not isinstance(value, datetime):
        raise CoercionFailed("is not a date and time")
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 at the edge of a zone
        raise CoercionFailed("is not a date and time") from None


def _to_date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise CoercionFailed("is not a date") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise CoercionFailed("is not a date")


def _to_time(value: object) -> time:
    if isinstance(value, str) and _TIME.fullmatch(value.strip()):
        try:
            return time.fromisoformat(value.strip())
        except ValueError:
            raise CoercionFailed("is not a time of day") from None
    if isinstance(value, time):
        if value.tzinfo is not None:
            raise CoercionFailed("has a time zone, which a time of day without a date can't have; use a datetime")
        return value
    raise CoercionFailed("is not a time of day")


def _to_duration(value: object) -> timedelta:
    if isinstance(value, str):
        value = _parse_duration(value.strip())
    if not isinstance(value, timedelta):
        raise CoercionFailed("is not a duration")  # a number alone could be seconds, minutes or days
    if not -_MAX_DURATION <= value <= _MAX_DURATION:
        raise CoercionFailed("is too large" if value > timedelta(0) else "is too small")
    return value


def _parse_duration(text: str) -> timedelta:
    """Read "1:30", "2 days, 1:30:00" (as Python writes it) or ISO 8601's "PT1H30M"."""
    clock = _CLOCK.fullmatch(text)
    try:
        if clock is None:
            return msgspec.convert(text, timedelta)
        minus, days, hours, minutes, seconds = clock.groups()
        found = timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds or 0))
    except (msgspec.ValidationError, OverflowError):
        raise CoercionFailed("is not a duration") from None
    return -found if minus else found


def _to_uuid(value: object) -> UUID:
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        try:
            return UUID(value.strip())
        except ValueError:
            pass
    raise CoercionFailed("is not a UUID")


def _to_bytes(value: object) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise CoercionFailed("must be binary data")


def _to_enum(value: object, kind: type[Enum]) -> Enum:
    if isinstance(value, kind):
        return value
    for member in kind:
        if value == member.value or (isinstance(value, str) and value == str(member.value)):
            return member
    raise CoercionFailed("is not included in the list")


def _to_json(value: object, form: JsonType) -> Any:
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeEncodeError):
            raise CoercionFailed("is not valid JSON") from None
    try:
        # Through text and back, because the field must hold what the database will give: JSON types, str keys.
        written = form.encode(value)
        read = form.read(written)
        # What fits already stays the object that it is: others may hold it, and go on changing it.
        return value if type(value) is type(read) and form.encode(read) == written and value == read else read
    except (TypeError, ValueError, RecursionError) as problem:  # msgspec's and pydantic's errors are ValueErrors
        raise CoercionFailed(f"is not valid: {form.reason(problem)}") from None


_COERCERS: dict[Any, Callable[[object], Any]] = {
    str: _to_str,
    int: _to_int,
    float: _to_float,
    bool: _to_bool,
    Decimal: _to_decimal,
    datetime: _to_datetime,
    date: _to_date,
    time: _to_time,
    timedelta: _to_duration,
    UUID: _to_uuid,
    bytes: _to_bytes,
}
