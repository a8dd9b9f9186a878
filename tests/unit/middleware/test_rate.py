"""spica.middleware.rate: reading a rate, and the arithmetic of a bucket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.middleware.errors import InvalidMiddleware
from spica.middleware.rate import NS, Rate, parse_rate, take

NOW = 1_800_000_000 * NS


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/minute", Rate(100, 60, 100)),
        ("10/second", Rate(10, 1, 10)),
        ("1000/2 hours", Rate(1000, 7200, 1000)),
        ("5 per day", Rate(5, 86_400, 5)),
        (" 7 / 30s ", Rate(7, 30, 7)),
        ("3/15 MINUTES", Rate(3, 900, 3)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "100", "0/minute", "-1/minute", "5/0 minutes", "100/fortnight", "x/minute", 100])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InvalidMiddleware):
        parse_rate(text)


def test_a_rate_that_is_nearly_one_is_explained() -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        parse_rate("100/minut")
    assert "did you mean minute?" in str(caught.value)


def test_a_bucket_empties_and_fills() -> None:
    rate = parse_rate("60/minute", burst=3)
    full_at, left = 0, []
    for _ in range(4):
        full_at, taken = take(rate, full_at, NOW, 1)
        left.append((taken.is_allowed, taken.remaining, taken.retry_in_s))
    assert left == [(True, 2, 0), (True, 1, 0), (True, 0, 0), (False, 0, 1)]
    assert take(rate, full_at, NOW + NS, 1)[1].is_allowed
    assert take(rate, full_at, NOW + 3 * NS, 1)[1].remaining == 2


def test_a_time_of_another_clock_is_an_empty_bucket_not_a_lock_out() -> None:
    rate = parse_rate("60/minute", burst=3)
    full_at, taken = take(rate, NOW + 10**18, NOW, 1)
    assert not taken.is_allowed
    assert take(rate, full_at, NOW + 3 * NS, 1)[1].remaining == 2


@given(
    st.integers(1, 50),
    st.integers(1, 100),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 5 * NS), st.integers(1, 3)), max_size=60),
)
def test_no_window_lets_more_through_than_burst_and_refill(
    count: int, period_s: int, burst: int, steps: list[tuple[int, int]]
) -> None:
    rate = Rate(count, period_s, burst)
    now, full_at, passed = NOW, 0, 0
    for wait, cost in steps:
        now += wait
        full_at, taken = take(rate, full_at, now, cost)
        passed += cost if taken.is_allowed else 0
        assert 0 <= taken.remaining <= burst
        assert passed <= burst + (now - NOW) // rate.interval_ns
