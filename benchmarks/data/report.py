"""The reports of the data and template benchmarks, as Markdown."""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks import machine, places
from benchmarks.data.operations import Operation
from benchmarks.data.rounds import Child, Figures, Results
from benchmarks.tables import render_significant, render_table


def render_results(title: str, children: Sequence[Child], operations: Sequence[Operation], results: Results) -> str:
    """One table: CPU microseconds, and times the limit's in the same round; the wall clock's ratio in parentheses."""
    header = ["CPU µs (times the limit; by wall clock)", *(operation.title for operation in operations)]
    rows = [
        [child.contender.title, *(_render_cell(results[one.name], child.contender.name) for one in operations)]
        for child in children
    ]
    rows.append(["budget", *(f"x{one.budget}" if one.budget else "" for one in operations)])
    return f"## {title}\n\n{render_table(header, rows)}"


def _render_cell(figures: dict[str, Figures], name: str) -> str:
    one = figures[name]
    if not one.cpu_us:
        return "-"
    shown = render_significant(median(one.cpu_us))
    if name == "raw":
        return f"{shown} (wall {render_significant(median(one.wall_us))})"
    if (limit := figures.get("raw")) is None:
        return shown
    by_cpu, by_wall = one.ratio(limit), one.ratio(limit, "wall_us")
    return f"{shown} (x{render_significant(by_cpu)}; x{render_significant(by_wall)})"


def render_machine(title: str, rounds: int) -> str:
    """What the figures below were measured on."""
    about = machine.describe_machine()
    busy = f" Other work used {about.busy_share:.0%} of its cores before the run." if about.is_busy else ""
    return (
        f"# {title}, {datetime.datetime.now().astimezone():%Y-%m-%d %H:%M}\n\n"
        f"{about.cpu}, {about.cores} cores; {about.kernel}; Python {about.python}. {rounds} interleaved rounds;"
        f" medians; a ratio is the median of the ratios within a round; CPU is the client's process.{busy}"
    )


def save_results(name: str, report: str, found: dict[str, Results]) -> dict[str, object]:
    """Write a report and every figure into benchmarks/results/. Returns the figures as plain values."""
    document: dict[str, object] = {
        title: {
            operation: {contender: dataclasses.asdict(one) for contender, one in figures.items()}
            for operation, figures in results.items()
        }
        for title, results in found.items()
    }
    places.RESULTS.mkdir(exist_ok=True)
    path = places.RESULTS / f"{name}-{datetime.datetime.now().astimezone():%Y-%m-%dT%H%M%S}.md"
    path.write_text(report)
    path.with_suffix(".json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"written to {path}", file=sys.stderr, flush=True)
    return document
