"""The budgets of the first landing: what was promised about speed, and whether one result keeps it.

Each is one line of BUDGETS: its text, how its value is read from a result, and the bound. Budgets of parts that are not
measured yet (full pages) come with those parts.

A budget in requests a second is also told as what the CPU time a request says, and both also for the limit: wrk is the
bottleneck of fast servers, and where the limit itself stays below the bound, no server on that machine can keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.result import Result

Reader = Callable[[Result, str], float | None]
"""Finds a value of one server, named by the second argument, in a result."""


@dataclass(frozen=True)
class Budget:
    """One promise: what `read` finds for Spica may be at most (or at least) `bound`, in `unit`.

    `read_by_cpu` finds the same ratio by CPU time a request, for the budgets in requests a second. `subject` is the
    server of ours that it is about, `limit` the limit that could keep it or not.
    """

    text: str
    read: Reader
    bound: float
    at_least: bool = False
    unit: str = "x"
    read_by_cpu: Reader | None = None
    subject: str = "spica"
    limit: str = "limit"

    def keeps(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    @property
    def promise(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g} {self.unit}"


@dataclass(frozen=True)
class Verdict:
    """A budget beside the values of one result; None is a value that was not measured or does not apply."""

    budget: Budget
    value: float | None
    by_cpu: float | None
    of_limit: float | None
    of_limit_by_cpu: float | None

    @property
    def word(self) -> str:
        if self.value is None:
            return "not measured"
        return "met" if self.budget.keeps(self.value) else "MISSED"


def _cpu_to_limit(text: str, workload: str, bound: float) -> Budget:
    return Budget(f"{text}: CPU a request, to the limit", lambda r, name: r.cpu_ratio(workload, name, "limit"), bound)


def _rate_to(
    reference: str, text: str, workload: str, bound: float, *, subject: str = "spica", limit: str = "limit"
) -> Budget:
    def by_cpu(result: Result, name: str) -> float | None:
        cost = result.cpu_ratio(workload, name, reference)
        return 1 / cost if cost else None

    return Budget(
        f"{text}: {'delivered' if limit == 'limit-fanout' else 'req'}/s, to {reference}",
        lambda result, name: result.rate_ratio(workload, name, reference),
        bound,
        at_least=True,
        read_by_cpu=by_cpu,
        subject=subject,
        limit=limit,
    )


def _idle_connection_bytes(result: Result, name: str) -> float | None:
    found = result.footprints.get(name)
    return found.idle_connection_bytes if found else None


def _idle_bytes(text: str, kind: str, subject: str, bound: float) -> Budget:
    def read(result: Result, name: str) -> float | None:
        return result.idle.get(kind, {}).get(name)

    return Budget(f"memory of an idle connection, {text}", read, bound, unit="bytes", subject=subject)


def _idle_rss_mb(result: Result, name: str) -> float | None:
    found = result.footprints.get(name)
    return found.rss_bytes / 1e6 if found else None


def _cold_start_ms(result: Result, name: str) -> float | None:
    found = result.footprints.get(name)
    return found.cold_start_ms if found else None


def _import_ms(result: Result, _: str) -> float | None:
    return result.startup.package_ms if result.startup else None


def _match_ns(result: Result, _: str) -> float | None:
    return result.routing.match_ns[1000] if result.routing else None


BUDGETS = [
    _cpu_to_limit("plaintext", "plaintext", 1.6),
    _rate_to("granian", "plaintext", "plaintext", 2),
    _rate_to("limit", "pipelined x16", "pipelined", 0.5),
    _rate_to("granian", "pipelined x16", "pipelined", 8),
    _cpu_to_limit("typed parameter to JSON", "user", 1.8),
    _rate_to("fastapi", "typed parameter to JSON", "user", 15),
    _rate_to("litestar", "typed parameter to JSON", "user", 10),
    _cpu_to_limit("handler that awaits once", "await", 2.5),
    Budget(
        "plaintext over TLS: CPU a request, to our clear text",
        lambda result, name: result.cpu_ratio("tls", name, "spica"),
        2,
        subject="spica-tls",
    ),
    _rate_to("granian", "HTTP/2, clear text", "h2", 1),
    _rate_to("nginx-h2", "HTTP/2, clear text", "h2", 1),
    _rate_to("granian-tls", "HTTP/2, TLS", "h2-tls", 1, subject="spica-tls"),
    _rate_to("nginx-tls", "HTTP/2, TLS", "h2-tls", 1, subject="spica-tls"),
    _rate_to("socketify", "fan-out", "fanout", 3, subject="spica-websocket", limit="limit-fanout"),
    Budget("one match among 1,000 routes", _match_ns, 200, unit="ns"),
    Budget("memory of an idle connection", _idle_connection_bytes, 2048, unit="bytes"),
    _idle_bytes("TLS", "tls", "spica-tls", 32 * 1024),
    _idle_bytes("HTTP/2", "h2", "spica", 32 * 1024),
    _idle_bytes("HTTP/2 over TLS", "h2-tls", "spica-tls", 32 * 1024),
    _idle_bytes("WebSocket", "websocket", "spica-websocket", 4096),
    Budget("idle RSS, hello app, one worker", _idle_rss_mb, 30, unit="MB"),
    Budget("cold start to the first answer", _cold_start_ms, 150, unit="ms"),
    Budget("import spica, above bare Python with asyncio", _import_ms, 30, unit="ms"),
]


def judge(result: Result) -> list[Verdict]:
    """Hold every budget against one result."""
    return [_judge_one(result, budget) for budget in BUDGETS]


def _judge_one(result: Result, budget: Budget) -> Verdict:
    by_cpu = budget.read_by_cpu
    return Verdict(
        budget,
        value=budget.read(result, budget.subject),
        by_cpu=by_cpu(result, budget.subject) if by_cpu else None,
        of_limit=budget.read(result, budget.limit) if by_cpu else None,
        of_limit_by_cpu=by_cpu(result, budget.limit) if by_cpu else None,
    )
