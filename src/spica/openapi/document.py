"""The document: OpenAPI 3.1 of an application that is compiled.

Rules of this file:
- The same application makes the same octets: paths and operations in the order of the routes, components by name.
- WebSockets, redirects, fallbacks and routes that say `include_in_schema=False` are left out.
- Where routes differ only in host, in conditions or in what a parameter takes, OpenAPI knows one path: the first of
  them is described.
Source: OpenAPI 3.1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spica.config.settings import Settings
from spica.controllers.lookup import ControllerLookup
from spica.injection.registry import Registry
from spica.middleware.declare import Pipelines
from spica.openapi.operation import Operations, describe_route
from spica.openapi.responses import Responses
from spica.openapi.schemas import Schema, Schemas
from spica.openapi.security import SecuritySchemes
from spica.routing.pattern import Pattern
from spica.routing.route import Route

VERSION = "3.1.0"


class Sources(NamedTuple):
    """What a document is made of: a compiled application's parts.

    Args:    lookup: None for an application without controllers.
    """

    routes: Sequence[Route]
    settings: Settings
    pipelines: Pipelines
    registry: Registry | None = None
    lookup: ControllerLookup | None = None


def build_document(sources: Sources) -> Schema:
    """Build the OpenAPI document of an application."""
    schemas = Schemas()
    responses, security = Responses(schemas), SecuritySchemes()
    operations = Operations(schemas, responses, security)
    paths: dict[str, Schema] = {}
    for route in sources.routes:
        path = write_path(route.pattern)
        item = paths.setdefault(path, {}) if _is_described(route, path, sources.settings) else None
        if item is not None and route.method.lower() not in item:
            described = describe_route(route, sources.lookup, sources.registry)
            chain = sources.pipelines.chain(route.pipe, vital=route.vital)
            item[route.method.lower()] = operations.build(described, chain)
    components = {
        "schemas": schemas.finish(),
        "responses": dict(sorted(responses.components.items())),
        "securitySchemes": dict(sorted(security.components.items())),
    }
    document = {"openapi": VERSION, **_build_info(sources.settings), "paths": paths}
    named = {kind: found for kind, found in components.items() if found}
    return {**document, "components": named} if named else document


def write_path(pattern: Pattern) -> str:
    """Write a pattern as OpenAPI does: `/users/{id:int}` is /users/{id}."""
    parts = ("".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in one) for one in pattern.segments)
    return "/" + "/".join(parts)


def _is_described(route: Route, path: str, settings: Settings) -> bool:
    prefixes = settings.openapi.prefixes
    if route.kind != "http" or route.redirects_to or not route.docs.include_in_schema:
        return False
    return not prefixes or any(path == prefix or path.startswith(f"{prefix.rstrip('/')}/") for prefix in prefixes)


def _build_info(settings: Settings) -> Schema:
    section = settings.openapi
    info = {"title": section.title or settings.app.name, "version": section.version}
    if section.description:
        info["description"] = section.description
    servers = section.servers or ([settings.app.url] if settings.app.url else [])
    return {"info": info, "servers": [{"url": url} for url in servers]} if servers else {"info": info}
