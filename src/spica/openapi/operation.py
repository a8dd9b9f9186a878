"""Operations: one route of an application as OpenAPI describes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from spica.controllers.filters import find_filters
from spica.controllers.lookup import ControllerLookup
from spica.injection.registry import Registry
from spica.injection.signature import read_returned
from spica.middleware.pipeline import Middleware
from spica.openapi.content import build_content
from spica.openapi.inputs import Input, read_inputs
from spica.openapi.parameters import build_parameters
from spica.openapi.responses import Responses
from spica.openapi.schemas import Schema, Schemas
from spica.openapi.security import SecuritySchemes
from spica.routing.route import Route


class Described(NamedTuple):
    """A route with what answers it.

    Args:    function: the handler, or the action; inputs: what it and the filters before it read; tags: the route's,
             else the controller's name; name: what its operation is called where the route doesn't say.
    """

    route: Route
    function: Callable[..., Any]
    inputs: list[Input]
    tags: tuple[str, ...]
    name: str


def describe_route(route: Route, lookup: ControllerLookup | None, registry: Registry | None) -> Described:
    """Find what answers a route of a compiled application, and read its signature."""
    if not isinstance(route.target, str):
        inputs = read_inputs([(route.target, False)], route.pattern, registry)
        name = getattr(route.target, "__name__", None) or type(route.target).__name__
        return Described(route, route.target, inputs, route.tags, name)
    assert lookup is not None  # compiling has refused controllers in an application without any
    ref = lookup.find(route.target, route.where)
    function = getattr(ref.controller, ref.action)
    rules = find_filters(ref.controller)
    filters = [method for method, rule in rules if rule.covers(ref.action) and rule.kind == "before"]
    inputs = read_inputs([(one, True) for one in (*filters, function)], route.pattern, registry)
    tags = route.tags or (ref.views,)
    return Described(route, function, inputs, tags, f"{ref.views}_{ref.action}".replace("/", "_"))


class Operations:
    """Builds the operations of one document."""

    def __init__(self, schemas: Schemas, responses: Responses, security: SecuritySchemes) -> None:
        self._schemas = schemas
        self._responses = responses
        self._security = security
        self._ids: set[str] = set()

    def build(self, described: Described, chain: Sequence[Middleware]) -> Schema:
        """Build the operation of a route; `chain` is its middleware."""
        route, inputs = described.route, described.inputs
        summary, description = _read_docstring(described.function)
        operation: Schema = {"operationId": self._identify(described)}
        if described.tags:
            operation["tags"] = list(described.tags)
        if route.summary or summary:
            operation["summary"] = route.summary or summary
        if route.docs.description or description:
            operation["description"] = route.docs.description or description
        if route.docs.deprecated:
            operation["deprecated"] = True
        parameters = build_parameters(inputs, route.pattern, self._schemas)
        if parameters:
            operation["parameters"] = parameters
        body = build_content(inputs, route.docs.examples, self._schemas)
        if body is not None:
            operation["requestBody"] = body
        operation["responses"] = self._responses.build(route, read_returned(described.function), inputs, chain)
        security = self._security.require(chain)
        if security:
            operation["security"] = security
        return operation

    def _identify(self, described: Described) -> str:
        """Name an operation: what the route says, the function, the function and the method, or that with a number."""
        route = described.route
        name = route.docs.operation_id or described.name
        if name in self._ids:
            name = f"{name}_{route.method.lower()}"
        found, number = name, 2
        while found in self._ids:
            found, number = f"{name}_{number}", number + 1
        self._ids.add(found)
        return found


def _read_docstring(function: Callable[..., Any]) -> tuple[str, str]:
    """The first line of a docstring, and the rest."""
    summary, _, rest = (inspect.getdoc(function) or "").partition("\n")
    return summary.strip(), rest.strip()
