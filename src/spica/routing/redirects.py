"""Redirects that a route declares: from a pattern to an address made of its parameters.

Rules of this file:
- The address is a path of this host, or a URL whose scheme and host are written out: no parameter stands before its
  path, so no client chooses where it leads.
- Values are written as path helpers write them, so none of them can add a slash, a query or a host.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from spica.errors import closest
from spica.http.context import Context
from spica.http.response import Response
from spica.routing.errors import InvalidPatternError, InvalidRedirectError, PathArgumentsError
from spica.routing.location import Location
from spica.routing.pattern import Pattern, parse_pattern
from spica.routing.route import Handler, RedirectOptions, Route, build_route, check_options
from spica.routing.urls import PathHelper

STATUSES = (301, 302, 303, 307, 308)
_TARGET = re.compile(r"(?P<base>https?://[A-Za-z0-9.:\[\]-]+)?(?P<path>/[^?#]*)?(?P<rest>[?#][^{}]*)?")


def build_redirect(pattern: str, to: str, where: Location, options: RedirectOptions) -> Route:
    """Make the route of a redirect.

    Raises: InvalidRedirectError when the status is none of a redirect, the address can't be read, or it asks for a
            parameter that the pattern does not have.
    """
    check_options(options, RedirectOptions, where)
    status, keep_query = options.get("status", 301), options.get("keep_query", False)
    found = _TARGET.fullmatch(to)
    if found is None or to.startswith("//") or not (found["path"] or found["base"]):
        raise InvalidRedirectError(
            f"the redirect to {to!r} can't be built",
            where=str(where),
            why="a client must not choose the host, so parameters stand in the path only",
            fix='write a path like "/new/{id}", or a URL like "https://example.com/new/{id}"',
        )
    if status not in STATUSES:
        raise InvalidRedirectError(
            f"{status} is no status of a redirect",
            where=str(where),
            fix=f"write one of {', '.join(map(str, STATUSES))}",
        )
    shared: Any = {name: value for name, value in options.items() if name != "keep_query"}
    source = build_route("GET", pattern, lambda: None, where, shared)
    try:
        target = parse_pattern(found["path"] or "/", where)
    except InvalidPatternError as error:
        raise InvalidRedirectError(error.what, where=str(where), why=error.why, fix=error.fix) from None
    _check_names(source.pattern, target, where)
    helper = PathHelper("redirect", target, found["base"] or "")
    answer = _build_answer(helper, found["rest"] or "", status, keep_query=keep_query)
    return replace(source, target=answer, redirects_to=to, status=status)


def _build_answer(helper: PathHelper, suffix: str, status: int, *, keep_query: bool) -> Handler:
    names = helper.pattern.names

    def redirect(ctx: Context) -> Response:
        try:
            location = helper(**{name: ctx.path_params[name] for name in names}) + suffix
        except PathArgumentsError:  # such as ".." for {path}: nothing of ours is called that
            return Response.not_found()
        query = ctx.request.query_string
        if keep_query and query:
            location += ("&" if "?" in suffix else "?") + query
        return Response.redirect_checked(location, status)

    return redirect


def _check_names(source: Pattern, target: Pattern, where: Location) -> None:
    for name in target.names:
        if name not in source.names:
            near = closest(name, source.names)
            raise InvalidRedirectError(
                f"the redirect to {target} asks for {name!r}, which {source} does not have",
                where=str(where),
                why=f"the parameters are {', '.join(source.names) or '(none)'}",
                fix=f"did you mean {{{near[0]}}}?" if near else f"add {{{name}}} to the pattern",
            )
