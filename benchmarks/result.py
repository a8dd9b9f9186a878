"""Result: everything one run found out. Reports, budgets and the baseline read it; nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks import figures
from benchmarks.figures import Footprint, Load, Routing, Sample, Startup
from benchmarks.machine import Machine


@dataclass(frozen=True)
class Settings:
    """How a run was made."""

    seconds: float
    rounds: int
    starts: int
    idle_connections: int


@dataclass
class Result:
    """What one run found out. A part that was not run is empty or None."""

    date: str
    machine: Machine
    settings: Settings
    versions: dict[str, str]
    load: Load = field(default_factory=dict)
    footprints: dict[str, Footprint] = field(default_factory=dict)
    idle: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """Bytes of an idle connection by its kind, then by server; None where they could not be held open."""
    startup: Startup | None = None
    routing: Routing | None = None
    notes: list[str] = field(default_factory=list)

    def samples(self, workload: str, server: str) -> list[Sample]:
        """Return the samples of one server under one workload, [] when it was not measured."""
        return self.load.get(workload, {}).get(server, [])

    def rate_ratio(self, workload: str, server: str, reference: str) -> float | None:
        """Return requests a second of `server` over those of `reference`; None when one was not measured."""
        return figures.rate_ratio(self.samples(workload, server), self.samples(workload, reference))

    def cpu_ratio(self, workload: str, server: str, reference: str) -> float | None:
        """Return CPU time a request of `server` over that of `reference`; None when one was not measured."""
        return figures.cpu_ratio(self.samples(workload, server), self.samples(workload, reference))
