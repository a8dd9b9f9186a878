"""Samples and what is made of them: medians, and ratios between servers measured in the same round.

Rules: a ratio is taken within one round and the median over the rounds is shown, so that a machine that changes speed
between rounds changes both sides of it. A figure that was not measured is None, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One server under one workload for one short window. Latencies are None where the load cannot tell them."""

    requests: int
    seconds: float
    cpu_s: float
    p50_us: int | None
    p99_us: int | None
    errors: int

    @property
    def rate(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time of the server a request, user and system, in microseconds."""
        return self.cpu_s * 1e6 / self.requests

    @property
    def busy(self) -> float:
        """The part of its core that the server used, 0 to 1; well below 1: the load generator was the limit."""
        return self.cpu_s / self.seconds


Rounds = Sequence[Sample]
Load = dict[str, dict[str, list[Sample]]]
"""Samples by workload, then by server, one a round."""


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that are there, None when none is."""
    present = [value for value in values if value is not None]
    return median(present) if present else None


def rate(samples: Rounds) -> float:
    """Return the median requests a second."""
    return median(sample.rate for sample in samples)


def cpu_us(samples: Rounds) -> float:
    """Return the median CPU microseconds a request."""
    return median(sample.cpu_us for sample in samples)


def spread(samples: Rounds) -> float:
    """Return the best requests a second over the worst: how unsteady the rounds were, 1.0 is perfectly steady."""
    rates = [sample.rate for sample in samples]
    return max(rates) / min(rates)


def rate_ratio(samples: Rounds, reference: Rounds) -> float | None:
    """Return how many times the reference's requests a second, 2.0 is twice as fast. None when one side is missing."""
    return _ratio(samples, reference, lambda sample: sample.rate)


def cpu_ratio(samples: Rounds, reference: Rounds) -> float | None:
    """Return how many times the reference's CPU time a request, 2.0 is twice as costly. None when a side is missing."""
    return _ratio(samples, reference, lambda sample: sample.cpu_us)


def _ratio(samples: Rounds, reference: Rounds, value: Callable[[Sample], float]) -> float | None:
    return middle([value(mine) / value(other) for mine, other in zip(samples, reference, strict=False)])


@dataclass(frozen=True)
class Footprint:
    """What one server costs before it works: its start, its memory, and the memory of one idle connection."""

    cold_start_ms: float
    rss_bytes: int
    pss_bytes: int
    idle_connection_bytes: float | None
    """None when connections could not be held open."""


@dataclass(frozen=True)
class Startup:
    """What importing Spica costs, in milliseconds above a bare interpreter with asyncio."""

    package_ms: float
    application_ms: float
    """`from spica import App`: what a one-file application imports."""


@dataclass(frozen=True)
class Routing:
    """Nanoseconds a match, by the number of routes in the table."""

    match_ns: dict[int, float]
