"""Coercion: what becomes a value of which type, and what the person is told otherwise."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.validation import CoercionFailed, coerce
from spica.validation.coerce import coercer


class Status(Enum):
    DRAFT = "draft"
    LIVE = "live"


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


UUID_TEXT = "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3"


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("Hello", str, "Hello"),
        ("", str, ""),
        (Status.LIVE, str, "live"),
        ("42", int, 42),
        (" -7 ", int, -7),
        ("+7", int, 7),
        (3.0, int, 3),
        (Decimal(4), int, 4),
        (str(2**63 - 1), int, 2**63 - 1),
        ("1.5", float, 1.5),
        (".5", float, 0.5),
        ("1e3", float, 1000.0),
        (2, float, 2.0),
        ("12.50", Decimal, Decimal("12.50")),
        (0.1, Decimal, Decimal("0.1")),
        (3, Decimal, Decimal(3)),
        ("on", bool, True),
        ("1", bool, True),
        ("TRUE", bool, True),
        ("0", bool, False),
        ("", bool, False),
        ("off", bool, False),
        (1, bool, True),
        ("2026-11-21", date, date(2026, 11, 21)),
        ("2026-11-21T09:30", datetime, datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21 09:30:01.5", datetime, datetime(2026, 11, 21, 9, 30, 1, 500_000, tzinfo=UTC)),
        ("2026-11-21T09:30:00Z", datetime, datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21T09:30:00+02:00", datetime, datetime(2026, 11, 21, 7, 30, tzinfo=UTC)),
        ("2026-11-21", datetime, datetime(2026, 11, 21, tzinfo=UTC)),
        (date(2026, 11, 21), datetime, datetime(2026, 11, 21, tzinfo=UTC)),
        (datetime(2026, 11, 21, 9, tzinfo=UTC), datetime, datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("09:30", time, time(9, 30)),
        ("23:59:59.000001", time, time(23, 59, 59, 1)),
        ("1:30", timedelta, timedelta(hours=1, minutes=30)),
        ("-0:00:01.5", timedelta, -timedelta(seconds=1.5)),
        ("2 days, 1:00:00", timedelta, timedelta(days=2, hours=1)),
        ("PT1H30M", timedelta, timedelta(hours=1, minutes=30)),
        (UUID_TEXT, UUID, UUID(UUID_TEXT)),
        (bytearray(b"ab"), bytes, b"ab"),
        ("live", Status, Status.LIVE),
        ("2", Rank, Rank.HIGH),
        (1, Rank, Rank.LOW),
        ('["a"]', list[str], ["a"]),
        (("a", "b"), list[str], ["a", "b"]),
        ('{"a": 1}', dict, {"a": 1}),
        ({"a": [1, None]}, dict[str, object], {"a": [1, None]}),
    ],
)
def test_a_value_that_fits_becomes_exactly_the_type(value: object, kind: type, expected: object) -> None:
    result = coerce(value, kind)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (None, str, "can't be blank"),
        (5, str, "must be text"),
        ("a\x00b", str, "must not contain a NUL character"),
        ("a\ud800", str, "has characters that can't be stored"),
        ("abc", int, "is not a number"),
        ("", int, "is not a number"),
        ("1_000", int, "is not a number"),
        ("\u0661\u0662", int, "is not a number"),  # Arabic digits: int() would read them
        ("3.5", int, "must be a whole number"),
        (3.5, int, "must be a whole number"),
        (math.nan, int, "is not a number"),
        (True, int, "is not a number"),
        (str(2**63), int, "is too large"),
        (-(2**63) - 1, int, "is too small"),
        ("1" * 500, int, "is not a number"),
        ("nan", float, "is not a number"),
        ("inf", float, "is not a number"),
        ("1e999", float, "is not a number"),
        (math.inf, float, "is not a number"),
        (10**400, float, "is not a number"),
        (False, float, "is not a number"),
        ("NaN", Decimal, "is not a number"),
        (Decimal("Infinity"), Decimal, "is not a number"),
        ("1,5", Decimal, "is not a number"),
        (True, Decimal, "is not a number"),
        ("maybe", bool, "must be yes or no"),
        (2, bool, "must be yes or no"),
        ("2026-13-01", date, "is not a date"),
        ("20261121", date, "is not a date"),
        (datetime(2026, 1, 1), date, "is not a date"),
        ("yesterday", datetime, "is not a date and time"),
        ("2026-11-21T25:00", datetime, "is not a date and time"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), datetime, "is not a date and time"),
        ("xyz", UUID, "is not a UUID"),
        (7, UUID, "is not a UUID"),
        (
            datetime(2026, 11, 21, 9),
            datetime,
            "has no time zone, so nobody knows when it is; use datetime.now(UTC), not datetime.now()",
        ),
        ("24:00", time, "is not a time of day"),
        ("9:30", time, "is not a time of day"),
        (datetime(2026, 1, 1), time, "is not a time of day"),
        (time(9, tzinfo=UTC), time, "has a time zone, which a time of day without a date can't have; use a datetime"),
        (90, timedelta, "is not a duration"),
        ("soon", timedelta, "is not a duration"),
        ("P1M", timedelta, "is not a duration"),
        (timedelta.max, timedelta, "is too large"),
        ("999999999 days 1:00", timedelta, "is too large"),
        ("text", bytes, "must be binary data"),
        ("gone", Status, "is not included in the list"),
        (3, Rank, "is not included in the list"),
        ("[", list, "is not valid JSON"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_a_message(value: object, kind: type, message: str) -> None:
    with pytest.raises(CoercionFailed, match=f"^{re.escape(message)}$"):
        coerce(value, kind)


@pytest.mark.parametrize(
    ("value", "kind"), [("{}", list), ([1], list[str]), ({"a": object()}, dict), ({1: {2}}, dict[str, int])]
)
def test_json_of_another_shape_is_refused(value: object, kind: type) -> None:
    with pytest.raises(CoercionFailed, match="is not valid"):
        coerce(value, kind)


def test_json_that_contains_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(CoercionFailed, match="is not valid"):
        coerce(circle, list)


@pytest.mark.parametrize("kind", [int, float, bool, Decimal, date, datetime, UUID, Status])
def test_an_empty_form_control_is_none_where_none_is_allowed(kind: type) -> None:
    assert coerce(" ", kind, nullable=True) is None
    assert coerce(None, kind, nullable=True) is None


def test_empty_text_stays_text_where_none_is_allowed() -> None:
    assert coerce("", str, nullable=True) == ""


def test_a_type_without_a_coercion_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="no coercion"):
        coercer(complex)


@given(st.text())
def test_any_text_is_a_64_bit_integer_or_a_message(text: str) -> None:
    try:
        value = coerce(text, int)
    except CoercionFailed:
        return
    assert -(2**63) <= value < 2**63
    assert (
        int(text.strip()) == value
    )  # int() itself keeps the separators U+001C to U+001F, which strip() takes for space


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_survives_a_form(value: int) -> None:
    assert coerce(str(value), int) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_decimal_survives_a_form(value: Decimal) -> None:
    assert coerce(format(value, "f"), Decimal) == value


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_datetime_survives_its_iso_text(value: datetime) -> None:
    assert coerce(value.isoformat(), datetime) == value


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())))
@pytest.mark.parametrize("kind", [str, int, float, bool, Decimal, date, datetime, UUID, bytes, Status, list, dict])
def test_nothing_but_a_value_or_a_message_comes_out(kind: type, value: object) -> None:
    try:
        result = coerce(value, kind)
    except CoercionFailed as problem:
        assert str(problem)  # noqa: PT017  # either outcome is right; this checks the one that came
    else:
        assert isinstance(result, kind)
