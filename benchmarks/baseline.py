"""The baseline: ratios to the limit that were once reached, and the check that they have not been lost.

Stored by kind of machine in baseline.json, because a ratio holds only on the machine it was measured on. What is
compared is Spica's CPU time a request over the limit's, which moves least on a noisy machine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks import places, workloads
from benchmarks.result import Result

ALLOWED_GROWTH = 1.10


@dataclass(frozen=True)
class Comparison:
    """One workload's ratio beside the stored one, which is None where none is stored."""

    workload: str
    ratio: float
    stored: float | None

    @property
    def regressed(self) -> bool:
        return self.stored is not None and self.ratio > self.stored * ALLOWED_GROWTH

    @property
    def word(self) -> str:
        if self.stored is None:
            return "nothing stored"
        return "REGRESSED" if self.regressed else "ok"


def ratios(result: Result) -> dict[str, float]:
    """Return Spica's CPU time a request over the limit's, by workload that was measured."""
    found = {workload.name: result.cpu_ratio(workload.name, "spica", "limit") for workload in workloads.ALL}
    return {name: round(ratio, 3) for name, ratio in found.items() if ratio is not None}


def compare(result: Result, stored: dict[str, float]) -> list[Comparison]:
    """Hold the ratios of a result against stored ones."""
    return [Comparison(name, ratio, stored.get(name)) for name, ratio in ratios(result).items()]


def load_baseline(kind: str) -> dict[str, float]:
    """Return the stored ratios for this kind of machine, {} when there are none."""
    return _load_all().get(kind, {})


def save_baseline(kind: str, found: dict[str, float]) -> None:
    """Store ratios for this kind of machine; other kinds and other workloads keep theirs."""
    stored = _load_all()
    stored[kind] = {**stored.get(kind, {}), **found}
    places.BASELINE.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")


def _load_all() -> dict[str, dict[str, float]]:
    if not places.BASELINE.exists():
        return {}
    stored: dict[str, dict[str, float]] = json.loads(places.BASELINE.read_text())
    return stored
