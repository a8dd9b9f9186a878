"""The whole route table: every route of an application, checked against each other, with their path helpers.

Rules of this file:
- All mistakes are collected, so that one run of `spica check` shows all of them.
- Whether two routes answer the same path is decided by the native tree, which knows how it matches; here names are
  checked, which the tree doesn't know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from spica.errors import SpicaError
from spica.routing.errors import DuplicateRouteNameError, UnknownSubdomainError
from spica.routing.route import Route
from spica.routing.urls import DirectHelper, Helper, PathHelper, Paths


class RouteTable:
    """An application's routes in order of declaration, their mistakes, and the helpers made from them.

    Args:    routes: all of them, prefixes applied; base_url: the application's address, for subdomains, "" when it is
             not known; directs: helpers that are functions, by name.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        base_url: str = "",
        directs: Mapping[str, Callable[..., str]] = {},
    ) -> None:
        placed, misplaced = _place(routes, urlsplit(base_url).hostname or "")
        self.routes = tuple(placed)
        helpers, ambiguous, clashes = _choose_helpers(self.routes)
        self.mistakes = [*misplaced, *clashes]
        made: list[Helper] = [_build_helper(route) for route in helpers]
        made += [DirectHelper(name, function) for name, function in directs.items()]
        self.paths = Paths(made, ambiguous)

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def __len__(self) -> int:
        return len(self.routes)


def _build_helper(route: Route) -> PathHelper:
    formats = route.demands.formats if route.has_optional_format else ()
    return PathHelper(route.name or "", route.pattern, formats=formats)


def _place(routes: Sequence[Route], domain: str) -> tuple[list[Route], list[SpicaError]]:
    """Put subdomains before the application's own domain."""
    placed: list[Route] = []
    mistakes: list[SpicaError] = []
    for route in routes:
        if route.demands.subdomain is None or domain:
            try:
                placed.append(route.on_domain(domain))
            except SpicaError as mistake:
                mistakes.append(mistake)
            continue
        mistakes.append(
            UnknownSubdomainError(
                f"a route is for the subdomain {route.demands.subdomain!r} of a domain that is not known",
                where=route.label,
                why="the domain is that of the application's address",
                fix='set url = "https://example.com" in the [app] table of config/app.toml, or App(url=...); '
                'or write the whole host: host="admin.example.com"',
            )
        )
    return placed, mistakes


def _choose_helpers(routes: Sequence[Route]) -> tuple[list[Route], set[str], list[SpicaError]]:
    """Find the route behind each name. A name that was given wins over one taken from a function."""
    named: dict[str, Route] = {}
    ambiguous: set[str] = set()
    clashes: list[SpicaError] = []
    for route in routes:
        if route.name is None:
            continue
        first = named.setdefault(route.name, route)
        if str(first.pattern) == str(route.pattern):
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
