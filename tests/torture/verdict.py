"""One run of torture: how large it is, its seed, and the line that each observation prints."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TypeVar

from tests.torture.victim import Seen

T = TypeVar("T")
# The short form runs beside other tests on the same cores, so only a stall is a failure there.
SHORT_P99_MS = 1000.0


@dataclass
class Run:
    """Args: is_long: the figures of the promise instead of those for seconds; seed: of everything random."""

    is_long: bool = False
    seed: int = field(default_factory=lambda: random.randrange(1 << 32))
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def pick(self, short: T, long: T) -> T:
        """The figure for this run."""
        return long if self.is_long else short

    def say(self, promise: int, what: str, value: float, threshold: float, *, at_least: bool = False) -> None:
        """Print `promise N: PASS|FAIL value threshold`; the value must not be beyond the threshold."""
        passed = value >= threshold if at_least else value <= threshold
        sign = ">=" if at_least else "<="
        result = "PASS" if passed else "FAIL"
        line = f"promise {promise}: {result} {value:g} {threshold:g} ({what} {sign}; seed {self.seed})"
        print(line, flush=True)
        if not passed:
            self.failures.append(line)

    def say_victim(self, promise: int, baseline: Seen, under_attack: Seen) -> None:
        """The victim saw no error, and a p99 of at most 3x its baseline and 100 ms."""
        self.say(promise, "victim's errors", len(under_attack.errors), 0)
        threshold = self.pick(SHORT_P99_MS, min(100.0, 3 * max(baseline.p99_ms, 1.0)))
        self.say(promise, f"victim's p99 in ms, alone {baseline.p99_ms:.2f},", round(under_attack.p99_ms, 2), threshold)
