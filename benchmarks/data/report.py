"""The report of the data benchmark, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.data.operations import Operation
from benchmarks.data.rounds import Child, Figures, Results
from benchmarks.tables import render_significant, render_table

_TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}


def render_database(kind: str, children: Sequence[Child], operations: Sequence[Operation], results: Results) -> str:
    """One table: CPU microseconds, and times the limit's in the same round; the wall clock's ratio in parentheses."""
    header = ["CPU µs (times the limit; by wall clock)", *(operation.title for operation in operations)]
    rows = [
        [child.contender.title, *(_render_cell(results[one.name], child.contender.name) for one in operations)]
        for child in children
    ]
    rows.append(["budget", *(f"x{one.budget}" if one.budget else "" for one in operations)])
    return f"## {_TITLES[kind]}\n\n{render_table(header, rows)}"


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
