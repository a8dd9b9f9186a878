"""Entries: how each route is handed to the core, the fewest steps first.

Rules of this file:
- A handler that takes only path parameters, on a route without middleware, is called by the core itself: no Request, no
  Context, no Response object. Its errors go to `on_error`.
- Every other route is entered through its dispatch, spine 2.
"""

from __future__ import annotations

from collections.abc import Sequence

from spica._core import Application
from spica.app.dispatch import Dispatch
from spica.controllers.action import Endpoint
from spica.middleware.pipeline import Middleware
from spica.routing.route import Route


def add_bare_entry(core: Application, route: Route, endpoint: Endpoint, middleware: Sequence[Middleware]) -> bool:
    """Hand a handler to the core directly, where that is possible. Returns whether it was."""
    bare = endpoint.bare
    if bare is None or middleware:
        return False
    core.add_route(
        route.method,
        route.pattern.text,
        bare.function,
        takes="params",
        order=list(bare.order),
        kind=bare.kind,
        status=route.status,
        label=route.label,
    )
    return True


def add_entry(core: Application, route: Route, dispatch: Dispatch) -> None:
    """Hand a route's dispatch to the core."""
    core.add_route(
        route.method,
        route.pattern.text,
        dispatch.entry,
        takes="request",
        kind="task" if dispatch.waits else "plain",
        label=route.label,
    )
