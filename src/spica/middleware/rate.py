"""Rate: so many requests in such a time, and the arithmetic that holds a client to it.

A token bucket: it holds `burst` tokens, a request takes some, and it fills up again with `requests` tokens a period.
What is stored of it is one number, the time at which it will be full; a bucket that is full needs no memory at all.

    full_at = max(full_at, now) + cost * interval      allowed while full_at - now <= burst * interval

Rules: times are whole nanoseconds. A stored time further ahead than an empty bucket's is one of another clock (somebody
set it back), and counts as an empty bucket's.
Source: the generic cell rate algorithm, ITU-T I.371 annex A, in its form of a virtual schedule.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from spica.errors.base import closest
from spica.middleware.errors import InvalidMiddleware

NS = 1_000_000_000
_PERIODS = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "s": 1,
    "m": 60,
    "min": 60,
    "h": 3_600,
    "d": 86_400,
}
_FORM = re.compile(r"\s*([0-9]+)\s*(?:/|per)\s*([0-9]*)\s*([a-z]+?)\s*", re.IGNORECASE).fullmatch


class Rate(NamedTuple):
    """`requests` in `period_s` seconds, of which `burst` may come at once."""

    requests: int
    period_s: int
    burst: int

    @property
    def interval_ns(self) -> int:
        """The time in which one token comes back."""
        return self.period_s * NS // self.requests

    @property
    def capacity_ns(self) -> int:
        """The time in which an empty bucket fills up."""
        return self.burst * self.interval_ns


class Taken(NamedTuple):
    """What became of a request: whether it is allowed, how many more are, and when.

    Args:    full_in_s: until nothing of it is left in the count; retry_in_s: until it would be allowed, 0 when it is.
    """

    is_allowed: bool
    remaining: int
    full_in_s: int
    retry_in_s: int


def parse_rate(text: str, *, burst: int | None = None) -> Rate:
    """Read a rate: "100/minute", "10/second", "1000/2 hours", "5 per day".

    Args:    burst: how many may come at once, default all of them.
    Raises:  InvalidMiddleware with near matches.
    """
    found = _FORM(text) if isinstance(text, str) else None
    unit = found[3].lower() if found else ""
    unit = unit if unit in _PERIODS else unit.removesuffix("s")
    if found is None or unit not in _PERIODS or int(found[1]) < 1 or found[2] == "0":
        near = closest(unit, _PERIODS) if unit else []
        raise InvalidMiddleware(
            f"{text!r} is not a rate",
            why="a rate is a number of requests from 1, a slash, and second, minute, hour or day",
            fix=f"did you mean {near[0]}?" if near else 'm.RateLimit("100/minute")',
        )
    rate = Rate(int(found[1]), int(found[2] or 1) * _PERIODS[unit], burst if burst is not None else int(found[1]))
    if rate.burst < 1 or rate.interval_ns < 1:
        raise InvalidMiddleware(
            f"RateLimit({text!r}, burst={burst}) lets nothing through, or everything", fix="burst=10"
        )
    return rate


def take(rate: Rate, full_at: int, now: int, cost: int) -> tuple[int, Taken]:
    """Take tokens from a bucket.

    Args:    full_at: as stored, 0 for a bucket that is full; now: nanoseconds since 1970; cost: tokens, 0 only looks.
    Returns: what to store, and what became of the request; a refused one takes nothing.
    """
    interval, capacity = rate.interval_ns, rate.capacity_ns
    standing = min(max(full_at, now), now + capacity)
    wanted = standing + cost * interval
    over = wanted - now - capacity
    if over > 0:
        return standing, Taken(
            False, (capacity - (standing - now)) // interval, _seconds(standing - now), _seconds(over)
        )
    return wanted, Taken(True, -over // interval, _seconds(wanted - now), 0)


def _seconds(ns: int) -> int:
    return -(-ns // NS)
