"""The report of one run: as text for people (Markdown), as JSON for programs, and both in benchmarks/results/."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks import figures, places, servers, workloads
from benchmarks.budgets import Verdict, judge
from benchmarks.figures import Sample
from benchmarks.measure import h2load, wrk
from benchmarks.measure.idle import KINDS
from benchmarks.result import Result
from benchmarks.tables import render_number, render_significant, render_table
from benchmarks.workloads import Workload

_TITLES = {server.name: server.title for server in servers.ALL}


def render_report(result: Result) -> str:
    """Render everything a run found as Markdown; parts that were not run are left out."""
    parts = [f"# Benchmark of {result.date[:16].replace('T', ' ')}", _render_machine(result)]
    parts += [_render_workload(result, workload) for workload in workloads.ALL if result.load.get(workload.name)]
    parts += [_render_footprints(result), _render_idle(result), _render_python(result), _render_budgets(result)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_machine(result: Result) -> str:
    machine, settings = result.machine, result.settings
    lines = [
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb} GB; {machine.kernel}; Python {machine.python}; "
        f"{machine.compiler}.",
        f"Loopback; one worker process on one core; on another wrk with {wrk.CONNECTIONS} keep-alive connections, "
        f"h2load with {h2load.CONNECTIONS} of {workloads.STREAMS} streams, or {workloads.FANOUT_SOCKETS:,} WebSockets.",
        f"Interleaved rounds ({settings.rounds} of {settings.seconds:g} s); medians; a ratio is the median of the "
        "ratios within a round.",
    ]
    if result.versions:
        lines.append("Peers: " + ", ".join(f"{name} {version}" for name, version in result.versions.items()) + ".")
    lines += [f"Note: {note}" for note in result.notes]
    return "\n".join(lines)


def _render_workload(result: Result, workload: Workload) -> str:
    unit, reference, subject = workload.unit, workload.reference, workload.subject
    header = [
        "server",
        f"{unit}/s",
        "p50 us",
        "p99 us",
        f"CPU us/{unit}",
        "core busy",
        f"{unit}/s to {reference}",
        f"CPU to {reference}",
        f"{_TITLES[subject]} is",
    ]
    rows = [
        [
            _TITLES[name],
            render_number(figures.rate(samples)),
            render_number(figures.middle([sample.p50_us for sample in samples])),
            render_number(figures.middle([sample.p99_us for sample in samples])),
            render_significant(figures.cpu_us(samples)),
            f"{_busy(samples):.0%}",
            render_significant(result.rate_ratio(workload.name, name, reference)),
            render_significant(result.cpu_ratio(workload.name, name, reference)),
            _times(result.rate_ratio(workload.name, subject, name)),
        ]
        for name, samples in result.load[workload.name].items()
    ]
    return f"## {workload.title}\n\n{render_table(header, rows)}"


def _busy(samples: Sequence[Sample]) -> float:
    return figures.middle([sample.busy for sample in samples]) or 0.0


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{render_significant(ratio)}x"


def _render_footprints(result: Result) -> str:
    if not result.footprints:
        return ""
    header = ["server", "cold start ms", "idle RSS MB", "idle PSS MB", "bytes/idle connection"]
    rows = [
        [
            _TITLES[name],
            render_number(one.cold_start_ms),
            render_number(one.rss_bytes / 1e6, 1),
            render_number(one.pss_bytes / 1e6, 1),
            render_number(one.idle_connection_bytes),
        ]
        for name, one in result.footprints.items()
    ]
    return f"## At rest\n\n{render_table(header, rows)}"


def _render_idle(result: Result) -> str:
    header = ["connection", "server", "bytes each"]
    rows = [
        [kind.title, _TITLES[name], render_number(found) if found is not None else "not held"]
        for kind in KINDS
        for name, found in result.idle.get(kind.name, {}).items()
    ]
    title = f"## {result.settings.idle_connections:,} idle connections"
    return f"{title}\n\n{render_table(header, rows)}" if rows else ""


def _render_python(result: Result) -> str:
    rows = []
    if result.startup:
        rows.append(["import spica, ms over bare Python with asyncio", render_significant(result.startup.package_ms)])
        rows.append(["the same, then `from spica import App`, ms", render_significant(result.startup.application_ms)])
    if result.routing:
        rows += [
            [f"one match among {count:,} routes, called from Python, ns", render_number(match_ns)]
            for count, match_ns in result.routing.match_ns.items()
        ]
    return f"## In Python\n\n{render_table(['what', 'value'], rows)}" if rows else ""


def _render_budgets(result: Result) -> str:
    verdicts = [verdict for verdict in judge(result) if verdict.value is not None]
    if not verdicts:
        return ""
    header = ["budget", "promise", "value", "by CPU", "limit", "limit by CPU", ""]
    rows = [
        [
            verdict.budget.text,
            verdict.budget.promise,
            render_significant(verdict.value),
            render_significant(verdict.by_cpu),
            render_significant(verdict.of_limit),
            render_significant(verdict.of_limit_by_cpu),
            verdict.word,
        ]
        for verdict in verdicts
    ]
    return f"## Budgets\n\n{render_table(header, rows)}"


def build_document(result: Result) -> dict[str, object]:
    """Build what the JSON file holds: every sample, the machine, and the budgets."""
    document = dataclasses.asdict(result)
    document["budgets"] = [_build_verdict(verdict) for verdict in judge(result)]
    return document


def _build_verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "budget": verdict.budget.text,
        "promise": verdict.budget.promise,
        "verdict": verdict.word,
        "value": verdict.value,
        "value_by_cpu": verdict.by_cpu,
        "limit": verdict.of_limit,
        "limit_by_cpu": verdict.of_limit_by_cpu,
    }


def save_report(result: Result) -> Path:
    """Write the report as <date>.md and <date>.json into benchmarks/results/ and return the path of the first."""
    places.RESULTS.mkdir(exist_ok=True)
    path = places.RESULTS / f"{result.date[:19].replace(':', '')}.md"
    path.write_text(render_report(result))
    path.with_suffix(".json").write_text(json.dumps(build_document(result), indent=2) + "\n")
    return path
