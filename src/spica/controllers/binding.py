"""Binding: the host that fills the arguments of functions, actions and filters from one HTTP request.

Rules of this file, in the order they are tried:
1. a marker in `Annotated` decides; 2. `Context`, `Request`, `Session` and their kin by type; 3. a name of the pattern
is a path parameter; 4. scalars and lists of them come from the query string; 5. one record comes from the body.
What none of these fits is refused when the application starts.
"""

from __future__ import annotations

from typing import Any

import msgspec

from spica.config.section import Section
from spica.config.settings import Settings
from spica.controllers.bodies import build_body_reader
from spica.controllers.markers import Body, Cookie, Header, Path, Query
from spica.controllers.sources import (
    build_cookie_reader,
    build_header_reader,
    build_path_reader,
    build_query_reader,
    find_position,
)
from spica.controllers.types import is_body, is_scalar, is_scalar_list, type_name, without_none
from spica.errors import closest
from spica.errors.http import FieldError, NotFound, UnprocessableContent
from spica.http.context import Context
from spica.http.params import Params
from spica.http.request import Request
from spica.http.streaming import ContentStream
from spica.http.websocket import WebSocket
from spica.injection.errors import SignatureError
from spica.injection.plan import Reader
from spica.injection.signature import Parameter
from spica.middleware.flash import Flash
from spica.middleware.session_data import SessionData
from spica.routing.pattern import Pattern
from spica.secrets.values import Secrets

_OBJECTS: tuple[tuple[type, Reader], ...] = (
    (Context, lambda ctx: ctx),
    (Request, lambda ctx: ctx.request),
    (Params, lambda ctx: ctx.params),
    (SessionData, lambda ctx: ctx.session),
    (Flash, lambda ctx: ctx.flash),
    (ContentStream, lambda ctx: ctx.request.stream()),
)
# What the application gives by its type, the same for every request: its configuration.
_GIVEN = (Section, Settings, Secrets)


class HttpHost:
    """Knows where the values of one route's functions come from.

    Args:    pattern: the route's; strict_path: for functions, which have no other way to a path parameter: the
             signature must take them all, and a bad one is a 422. For controllers a bad one is a 404, as if the path
             named nothing; is_socket: of a WebSocket's route, which has a socket and no body.
    """

    def __init__(self, pattern: Pattern, *, strict_path: bool, is_socket: bool = False) -> None:
        self._pattern = pattern
        self._strict_path = strict_path
        self._is_socket = is_socket

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Find where a parameter's value comes from; see the rules of this file."""
        if is_websocket(parameter):
            return self._socket(parameter)
        try:
            return self._marked(parameter) or self._unmarked(parameter)
        except TypeError as error:  # msgspec refuses a type when it first sees it
            raise SignatureError(
                f"the type of {parameter.name!r} can't be filled: {error}",
                where=parameter.where,
                fix="name a type that msgspec converts, or fill it by Provide(...)",
            ) from error

    def check_parameters(self, parameters: list[Parameter]) -> None:
        """Refuse two bodies, and a path parameter that nobody takes while another is asked for."""
        bodies = [parameter for parameter in parameters if self._reads_body(parameter) or is_content_stream(parameter)]
        if bodies and self._is_socket:
            raise SignatureError(
                f"{bodies[0].name!r} comes from the body, and a WebSocket's request has none",
                where=bodies[0].where,
                fix="receive it as a message: await socket.receive_json()",
            )
        if len(bodies) > 1:
            names = " and ".join(repr(parameter.name) for parameter in bodies)
            raise SignatureError(
                f"two parameters read the body: {names}",
                where=bodies[0].where,
                why="a request has one body",
                fix="make one type that holds both, or fill the other by Provide(...)",
            )
        if self._strict_path:
            self._check_path(parameters)

    def refuse(self, errors: list[FieldError]) -> Exception:
        """A 422 that lists all errors, or a 404 for a controller whose path doesn't convert."""
        if not self._strict_path and any(error.source == "path" for error in errors):
            return NotFound()
        return UnprocessableContent("some values were refused", errors=errors)

    def _marked(self, parameter: Parameter) -> Reader | None:
        path = parameter.marker(Path)
        if path is not None:
            return self._path(parameter, path.name or parameter.name)
        query = parameter.marker(Query)
        if query is not None:
            return build_query_reader(parameter, query.name or parameter.name)
        header = parameter.marker(Header)
        if header is not None:
            return build_header_reader(parameter, header.name or parameter.name.replace("_", "-"))
        cookie = parameter.marker(Cookie)
        if cookie is not None:
            return build_cookie_reader(parameter, cookie.name or parameter.name)
        return build_body_reader(parameter) if parameter.marker(Body) is not None else None

    def _unmarked(self, parameter: Parameter) -> Reader:
        type_ = without_none(parameter.bare_type)
        if isinstance(type_, type):
            for kind, reader in _OBJECTS:
                if issubclass(type_, kind):
                    return reader
            if issubclass(type_, _GIVEN):
                return _build_given_reader(type_, parameter)
        if parameter.name in self._pattern.names:
            return self._path(parameter, parameter.name)
        if is_scalar(parameter.bare_type) or is_scalar_list(parameter.bare_type):
            msgspec.json.Decoder(parameter.type)  # raises TypeError for constraints that don't fit the type
            return build_query_reader(parameter, parameter.name)
        if is_body(parameter.bare_type):
            return build_body_reader(parameter)
        raise SignatureError(
            f"nothing can fill {parameter.name!r} of the type {type_name(parameter.bare_type)}",
            where=parameter.where,
            why="scalars come from the path or the query, a Struct, dataclass or TypedDict from the body, "
            "Context, Request and Session by their type",
            fix=f"write {parameter.name}: Annotated[{type_name(parameter.bare_type)}, Provide(make_{parameter.name})]",
        )

    def _socket(self, parameter: Parameter) -> Reader:
        if not self._is_socket:
            raise SignatureError(
                f"{parameter.name!r} is a WebSocket, and the route is none",
                where=parameter.where,
                why="only a route declared by ws(...) has one",
                fix="declare it by @app.ws(...), or r.ws(...) in config/routes.py",
            )
        return lambda ctx: ctx.websocket

    def _path(self, parameter: Parameter, name: str) -> Reader:
        position = find_position(self._pattern.parameters, name)
        if position is None:
            near = closest(name, self._pattern.names)
            raise SignatureError(
                f"the pattern {self._pattern} has no path parameter {name!r}",
                where=parameter.where,
                why=f"its path parameters are {', '.join(self._pattern.names) or '(none)'}",
                fix=f"did you mean {near[0]!r}?" if near else f"put {{{name}}} into the pattern",
            )
        return build_path_reader(parameter, position, self._pattern.parameters[position].type)

    def _reads_body(self, parameter: Parameter) -> bool:
        if is_websocket(parameter):
            return False
        if parameter.marker(Body) is not None:
            return True
        if parameter.markers and any(parameter.marker(kind) for kind in (Path, Query, Header, Cookie)):
            return False
        type_ = without_none(parameter.bare_type)
        if isinstance(type_, type) and issubclass(type_, (*(kind for kind, _ in _OBJECTS), *_GIVEN)):
            return False
        return parameter.name not in self._pattern.names and is_body(parameter.bare_type)

    def _check_path(self, parameters: list[Parameter]) -> None:
        taken = {parameter.name for parameter in parameters}
        markers = [marker for parameter in parameters for marker in parameter.markers]
        taken |= {marker.name for marker in markers if isinstance(marker, Path) and marker.name}
        unused = [name for name in self._pattern.names if name not in taken]
        strangers = [
            parameter
            for parameter in parameters
            if parameter.required
            and not any(parameter.marker(kind) for kind in (Path, Query, Header, Cookie, Body))
            and parameter.name not in self._pattern.names
            and not is_websocket(parameter)
            and is_scalar(parameter.bare_type)
        ]
        if unused and strangers:
            stranger = strangers[0]
            raise SignatureError(
                f"the pattern {self._pattern} has no path parameter {stranger.name!r}",
                where=stranger.where,
                why=f"it has {unused[0]!r}, which the signature doesn't take",
                fix=f"rename one of them, or take both; if {stranger.name!r} comes from the query, write\n"
                f"{stranger.name}: Annotated[{type_name(stranger.bare_type)}, Query()]",
            )


def _build_given_reader(type_: type, parameter: Parameter) -> Reader:
    def read(ctx: Any) -> object:
        if type_ not in ctx.services.values:
            raise SignatureError(
                f"the application has no section {type_.__name__}",
                where=parameter.where,
                fix="declare the class in config/settings.py; only a project has a configuration of its own",
            )
        return ctx.services.values[type_]

    return read


def takes_context(parameter: Parameter) -> bool:
    """Whether a parameter takes the context."""
    type_ = without_none(parameter.bare_type)
    return isinstance(type_, type) and issubclass(type_, Context)


def is_websocket(parameter: Parameter) -> bool:
    """Whether a parameter takes the WebSocket: by its type, or without one by the name `socket`."""
    type_ = without_none(parameter.bare_type)
    return (isinstance(type_, type) and issubclass(type_, WebSocket)) or (
        parameter.name == "socket" and parameter.bare_type is Any and not parameter.markers
    )


def is_content_stream(parameter: Parameter) -> bool:
    """Whether a parameter takes the request's content as it arrives."""
    type_ = without_none(parameter.bare_type)
    return isinstance(type_, type) and issubclass(type_, ContentStream)
