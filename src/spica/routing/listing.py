"""The route table for people: rows as data, and as aligned text for `spica routes`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from spica.errors.base import closest
from spica.routing.route import Route


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One line of `spica routes`; what there is none of is "".

    `name` is the path helper's; `method` is WS for a WebSocket, SOCKET for one with channels, SSE for a stream of
    events, * for a fallback; `format` are the formats it answers in; `constraint` is what else is demanded: expressions
    by parameter, `when` for a function. `topics` are the patterns of its channels, which the text leaves to JSON.
    """

    name: str
    method: str
    host: str
    pattern: str
    target: str
    format: str
    constraint: str
    pipe: str
    where: str
    topics: tuple[str, ...] = ()


HEADINGS = RouteRow("NAME", "METHOD", "HOST", "PATTERN", "TARGET", "FORMAT", "CONSTRAINT", "PIPE", "DECLARED")


def build_rows(routes: Iterable[Route], *, default_pipe: tuple[str, ...] = ()) -> list[RouteRow]:
    """Make a row of each route, in order; `default_pipe` stands where a route names no pipelines."""
    return [
        RouteRow(
            name=route.name or "",
            method=route.verb,
            host=route.pattern.host_text,
            pattern=route.shown,
            target=route.target_name,
            format=", ".join(route.demands.formats),
            constraint=", ".join(_constraints(route)),
            pipe=", ".join(default_pipe if route.pipe is None else route.pipe),
            where=str(route.where),
            topics=tuple(topic for topic, _ in find_topics(route)),
        )
        for route in routes
    ]


def find_topics(route: Route) -> list[tuple[str, type]]:
    """The patterns of the topics that can be joined at a route, each with its channel's class; [] for any other."""
    # By name: channels are of a layer above this one.
    channels = getattr(route.target, "channels", ()) if route.kind == "socket" else ()
    return [(topic, channel) for channel in channels for topic in channel.topics]


def choose_rows(rows: Iterable[RouteRow], *, text: str = "", controller: str = "", method: str = "") -> list[RouteRow]:
    """Keep the rows that have a text in their name, pattern, target or host, a controller, and a method."""
    return [
        row
        for row in rows
        if (not text or any(text in cell for cell in (row.name, row.pattern, row.target, row.host)))
        and (not controller or row.target.partition("#")[0] == controller)
        and (not method or row.method == method.upper())
    ]


def suggest_value(rows: Iterable[RouteRow], *, controller: str = "", method: str = "") -> str:
    """Say which method or controller was meant by one that no row has; "" when each has one."""
    rows = list(rows)
    controllers = {row.target.partition("#")[0] for row in rows if "#" in row.target}
    asked = (
        (f"no route has the method {method}", method.upper(), {row.method for row in rows}),
        (f"no route is of the controller {controller}", controller, controllers),
    )
    for what, value, known in asked:
        if value and value not in known:
            near = closest(value, sorted(known))
            there = ", ".join(sorted(known)) or "none"
            return f"{what}; {f'did you mean {near[0]}?' if near else f'there are {there}'}"
    return ""


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


def _constraints(route: Route) -> list[str]:
    parameters = [f"{parameter.name}~{parameter.regex}" for parameter in route.pattern.parameters if parameter.regex]
    return [*parameters, *(f"when {getattr(one, '__name__', repr(one))}" for one in route.demands.when)]


def _cells(row: RouteRow) -> tuple[str, ...]:
    return tuple(getattr(row, field.name) for field in fields(row) if field.name != "topics")
