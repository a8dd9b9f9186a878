"""The whole route table: every route of an application, checked against each other, with their path helpers.

Rules of this file:
- All mistakes are collected, so that one run of `spica check` shows all of them.
- Whether two routes answer the same path is decided by the native tree, which knows how it matches; here names are
  checked, which the tree doesn't know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spica.errors import SpicaError
from spica.routing.errors import DuplicateRouteNameError
from spica.routing.route import Route
from spica.routing.urls import PathHelper, Paths


class RouteTable:
    """An application's routes in order of declaration, their mistakes, and the helpers made from them.

    Args:    routes: all of them, prefixes applied.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        helpers, ambiguous, self.mistakes = _choose_helpers(self.routes)
        self.paths = Paths((PathHelper(route.name or "", route.pattern) for route in helpers), ambiguous)

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def __len__(self) -> int:
        return len(self.routes)


def _choose_helpers(routes: Sequence[Route]) -> tuple[list[Route], set[str], list[SpicaError]]:
    """Find the route behind each name. A name that was given wins over one taken from a function."""
    named: dict[str, Route] = {}
    ambiguous: set[str] = set()
    clashes: list[SpicaError] = []
    for route in routes:
        if route.name is None:
            continue
        first = named.setdefault(route.name, route)
        if first.pattern.text == route.pattern.text:
            continue
        if route.name_given != first.name_given:
            named[route.name] = route if route.name_given else first
        elif callable(route.target) and not route.name_given:
            ambiguous.add(route.name)
        else:
            clashes.append(_name_clash(first, route))
    ambiguous -= {name for name in ambiguous if named[name].name_given}
    return [route for name, route in named.items() if name not in ambiguous], ambiguous, clashes


def _name_clash(first: Route, second: Route) -> DuplicateRouteNameError:
    return DuplicateRouteNameError(
        f"two routes are called {second.name}",
        where=f"{first.label}\n{second.label}",
        why=f"paths.{second.name} could mean either",
        fix='give the second its own name: name="...", or put it into r.scope(..., name="...")',
    )
