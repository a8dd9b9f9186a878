"""The budgets of the first landing: what was promised about speed, and whether one result keeps it.

Each is one line of BUDGETS: its text, how its value is read from a result, and the bound. Budgets of parts that do not
exist yet (HTTP/2, TLS, WebSocket, full pages) come with those parts.

A budget against a peer also tells the same ratio for the limit: where the limit itself stays below the bound, no server
on that machine can keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.result import Result

Reader = Callable[[Result], float | None]


@dataclass(frozen=True)
class Budget:
    """One promise: what `read` finds in a result may be at most (or at least) `bound`, in `unit`.

    `read_limit` finds what the limit server itself reaches, for the budgets where that says something.
    """

    text: str
    read: Reader
    bound: float
    at_least: bool = False
    unit: str = "x"
    read_limit: Reader | None = None

    def keeps(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    @property
    def promise(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g} {self.unit}"


@dataclass(frozen=True)
class Verdict:
    """A budget beside the values of one result; None is a value that was not measured."""

    budget: Budget
    value: float | None
    of_limit: float | None

    @property
    def word(self) -> str:
        if self.value is None:
            return "not measured"
        if self.budget.keeps(self.value):
            return "met"
        beyond = self.of_limit is not None and not self.budget.keeps(self.of_limit)
        return "MISSED, and beyond the limit" if beyond else "MISSED"


def _cpu_to_limit(text: str, workload: str, bound: float) -> Budget:
    return Budget(f"{text}: CPU a request, to the limit", lambda r: r.cpu_ratio(workload, "spica", "limit"), bound)


def _rate_to_peer(text: str, workload: str, peer: str, bound: float) -> Budget:
    return Budget(
        f"{text}: req/s, to {peer}",
        lambda result: result.rate_ratio(workload, "spica", peer),
        bound,
        at_least=True,
        read_limit=lambda result: result.rate_ratio(workload, "limit", peer),
    )


def _idle_connection_bytes(result: Result) -> float | None:
    spica = result.footprints.get("spica")
    return spica.idle_connection_bytes if spica else None


def _idle_rss_mb(result: Result) -> float | None:
    spica = result.footprints.get("spica")
    return spica.rss_bytes / 1e6 if spica else None


def _cold_start_ms(result: Result) -> float | None:
    spica = result.footprints.get("spica")
    return spica.cold_start_ms if spica else None


def _import_ms(result: Result) -> float | None:
    return result.startup.package_ms if result.startup else None


def _match_ns(result: Result) -> float | None:
    return result.routing.match_ns[1000] if result.routing else None


BUDGETS = [
    _cpu_to_limit("plaintext", "plaintext", 1.6),
    _rate_to_peer("plaintext", "plaintext", "granian", 2),
    Budget(
        "pipelined x16: req/s, to the limit", lambda r: r.rate_ratio("pipelined", "spica", "limit"), 0.5, at_least=True
    ),
    _rate_to_peer("pipelined x16", "pipelined", "granian", 8),
    _cpu_to_limit("typed parameter to JSON", "user", 1.8),
    _rate_to_peer("typed parameter to JSON", "user", "fastapi", 15),
    _rate_to_peer("typed parameter to JSON", "user", "litestar", 10),
    _cpu_to_limit("handler that awaits once", "await", 2.5),
    Budget("one match among 1,000 routes", _match_ns, 200, unit="ns"),
    Budget("memory of an idle connection", _idle_connection_bytes, 2048, unit="bytes"),
    Budget("idle RSS, hello app, one worker", _idle_rss_mb, 30, unit="MB"),
    Budget("cold start to the first answer", _cold_start_ms, 150, unit="ms"),
    Budget("import spica, above bare Python with asyncio", _import_ms, 30, unit="ms"),
]


def judge(result: Result) -> list[Verdict]:
    """Hold every budget against one result."""
    return [
        Verdict(budget, budget.read(result), budget.read_limit(result) if budget.read_limit else None)
        for budget in BUDGETS
    ]
