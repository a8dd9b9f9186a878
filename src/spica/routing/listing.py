"""The route table for people: rows as data, and as aligned text for `spica routes`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spica.routing.route import Route


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One line of `spica routes`; `name` is the path helper's, "" for none."""

    name: str
    method: str
    pattern: str
    target: str
    pipe: str
    where: str


HEADINGS = RouteRow("NAME", "METHOD", "PATTERN", "TARGET", "PIPE", "DECLARED")


def build_rows(routes: Iterable[Route], *, default_pipe: tuple[str, ...] = ()) -> list[RouteRow]:
    """Make a row of each route, in order; `default_pipe` stands where a route names no pipelines."""
    return [
        RouteRow(
            name=route.name or "",
            method=route.verb,
            pattern=route.pattern.text,
            target=route.target_name,
            pipe=", ".join(default_pipe if route.pipe is None else route.pipe),
            where=str(route.where),
        )
        for route in routes
    ]


def render_rows(rows: Iterable[RouteRow]) -> str:
    """Align rows under their headings; a column without content is left out."""
    table = [_cells(row) for row in rows]
    if not table:
        return "no routes"
    filled = [index for index in range(len(table[0])) if any(line[index] for line in table)]
    lines = [[line[index] for index in filled] for line in (_cells(HEADINGS), *table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(filled))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _cells(row: RouteRow) -> tuple[str, ...]:
    return (row.name, row.method, row.pattern, row.target, row.pipe, row.where)
