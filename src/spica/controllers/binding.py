"""Binding: the host that fills the arguments of functions, actions and filters from one HTTP request.

Rules of this file, in the order they are tried:
1. a marker in `Annotated` decides; 2. `Context`, `Request`, `Session`, `UploadFile` and their kin by type; 3. a name of
the pattern is a path parameter; 4. scalars and lists of them come from the query string; 5. one record comes from the
body. What none of these fits is refused when the application starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from spica.controllers.bodies import (
    build_body_reader,
    build_form_field_reader,
    build_form_reader,
    build_submitted_reader,
    is_form_field,
    is_whole_body,
)
from spica.controllers.codecs import find_adapter
from spica.controllers.file_types import is_file
from spica.controllers.files import build_file_reader
from spica.controllers.foreign_markers import refuse_foreign_marker
from spica.controllers.markers import Body, Cookie, CurrentUser, File, Form, Header, Path, Query
from spica.controllers.signatures import (
    check_bodies,
    check_path,
    refuse_bodiless,
    refuse_marker_as_default,
    refuse_unfilled,
    refuse_untyped,
)
from spica.controllers.sources import (
    build_cookie_reader,
    build_header_reader,
    build_path_reader,
    build_query_reader,
    build_query_record_reader,
    find_position,
)
from spica.controllers.submitted import is_submitted
from spica.errors import closest
from spica.errors.http import FieldError, NotFound, Unauthorized, UnprocessableContent
from spica.http.context import Context
from spica.http.params import Params
from spica.http.request import Request
from spica.http.streaming import ContentStream
from spica.http.websocket import WebSocket
from spica.injection.annotations import without_none
from spica.injection.errors import SignatureError
from spica.injection.plan import Reader
from spica.injection.signature import Parameter
from spica.injection.types import allows_none, is_body, is_scalar, is_scalar_list
from spica.middleware.flash import Flash
from spica.middleware.session_data import SessionData
from spica.routing.pattern import Pattern

_OBJECTS: tuple[tuple[type, Reader], ...] = (
    (Context, lambda ctx: ctx),
    (Request, lambda ctx: ctx.request),
    (Params, lambda ctx: ctx.params),
    (SessionData, lambda ctx: ctx.session),
    (Flash, lambda ctx: ctx.flash),
    (ContentStream, lambda ctx: ctx.request.stream()),
)
_BODILESS = frozenset({"GET", "HEAD"})


class HttpHost:
    """Knows where the values of one route's functions come from.

    Args:    pattern: the route's; strict_path: for functions, which have no other way to a path parameter: the
             signature must take them all, and a bad one is a 422. For controllers a bad one is a 404, as if the path
             named nothing; is_socket: of a WebSocket's route, which has a socket and no body; method: the route's, ""
             for any.
    """

    def __init__(self, pattern: Pattern, *, strict_path: bool, is_socket: bool = False, method: str = "") -> None:
        self.pattern = pattern
        self._strict_path = strict_path
        self._is_socket = is_socket
        self._bodiless = not is_socket and method in _BODILESS
        self._method = method

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Find where a parameter's value comes from; see the rules of this file."""
        if is_websocket(parameter):
            return self._socket(parameter)
        refuse_marker_as_default(parameter)
        refuse_foreign_marker(parameter)
        if self._bodiless and self._reads_content(parameter):
            raise refuse_bodiless(parameter, self._method)
        return self._marked(parameter) or self._unmarked(parameter)

    def check_parameters(self, parameters: list[Parameter]) -> None:
        """Refuse two bodies, and a path parameter that nobody takes while another is asked for."""
        content = [parameter for parameter in parameters if self._reads_content(parameter)]
        if content and self._is_socket:
            raise SignatureError(
                f"{content[0].name!r} comes from the body, and a WebSocket's request has none",
                where=content[0].where,
                fix="receive it as a message: await socket.receive_json()",
            )
        check_bodies([parameter for parameter in content if self._reads_body(parameter)], content)
        if self._strict_path:
            check_path(parameters, self.pattern, is_socket=is_websocket)

    def refuse(self, errors: list[FieldError]) -> Exception:
        """A 422 that lists all errors, or a 404 for a controller whose path doesn't convert."""
        if not self._strict_path and any(error.source == "path" for error in errors):
            return NotFound()
        return UnprocessableContent("some values were refused", errors=errors)

    def _marked(self, parameter: Parameter) -> Reader | None:
        for kind, build in _MARKED.items():
            marker = parameter.marker(kind)
            if marker is not None:
                return build(parameter, marker)
        path = parameter.marker(Path)
        return self._path(parameter, path.name or parameter.name) if path is not None else None

    def _unmarked(self, parameter: Parameter) -> Reader:
        type_ = without_none(parameter.bare_type)
        if is_submitted(type_):
            return build_submitted_reader(parameter)
        if isinstance(type_, type):
            for kind, reader in _OBJECTS:
                if issubclass(type_, kind):
                    return reader
        if is_file(type_):
            return build_file_reader(parameter)
        if parameter.name in self.pattern.names:
            return self._path(parameter, parameter.name)
        refuse_untyped(parameter)
        if is_scalar(parameter.bare_type) or is_scalar_list(parameter.bare_type):
            msgspec.json.Decoder(parameter.type)  # raises TypeError for constraints that don't fit the type
            return build_query_reader(parameter, parameter.name)
        if is_body(parameter.bare_type) or find_adapter(parameter.bare_type) is not None:
            return build_body_reader(parameter)
        raise refuse_unfilled(parameter)

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
        position = find_position(self.pattern.parameters, name)
        if position is None:
            near = closest(name, self.pattern.names)
            raise SignatureError(
                f"the pattern {self.pattern} has no path parameter {name!r}",
                where=parameter.where,
                why=f"its path parameters are {', '.join(self.pattern.names) or '(none)'}",
                fix=f"did you mean {near[0]!r}?" if near else f"put {{{name}}} into the pattern",
            )
        return build_path_reader(parameter, position, self.pattern.parameters[position].type)

    def _reads_content(self, parameter: Parameter) -> bool:
        """Whether a parameter takes the content, or a part of it."""
        if is_websocket(parameter):
            return False
        if any(parameter.marker(kind) for kind in (Body, Form, File)):
            return True
        if is_content_stream(parameter) or is_file(parameter.bare_type) or _is_submitted(parameter):
            return True
        return self._reads_body(parameter)

    def _reads_body(self, parameter: Parameter) -> bool:
        """Whether a parameter takes all of the content."""
        if is_content_stream(parameter) or _is_submitted(parameter):
            return True
        if parameter.marker(Body) is not None or parameter.marker(Form) is not None:
            return is_whole_body(parameter)
        if any(parameter.marker(kind) for kind in (Path, Query, Header, Cookie, File, CurrentUser)):
            return False
        type_ = without_none(parameter.bare_type)
        if isinstance(type_, type) and issubclass(type_, tuple(kind for kind, _ in _OBJECTS)):
            return False
        if parameter.name in self.pattern.names:
            return False
        return is_body(parameter.bare_type) or find_adapter(parameter.bare_type) is not None


def _is_submitted(parameter: Parameter) -> bool:
    return is_submitted(without_none(parameter.bare_type))


def _build_query(parameter: Parameter, marker: Query) -> Reader:
    if is_scalar(parameter.bare_type) or is_scalar_list(parameter.bare_type):
        return build_query_reader(parameter, marker.name or parameter.name)
    return build_query_record_reader(parameter, None if marker.flat else marker.name or parameter.name)


def _build_form(parameter: Parameter, marker: Form) -> Reader:
    if _is_submitted(parameter):
        return build_submitted_reader(parameter)
    if is_form_field(parameter):
        return build_form_field_reader(parameter, marker.name or parameter.name)
    return build_form_reader(parameter, marker.name)


def _build_current_user(parameter: Parameter, marker: CurrentUser) -> Reader:
    required, default = parameter.required and not allows_none(parameter.bare_type), parameter.default

    def read(ctx: Any) -> object:
        user = ctx.current_user
        if user is not None:
            return user
        if required:
            raise Unauthorized("sign in first")
        return None if parameter.required else default

    return read


_MARKED: dict[type, Callable[[Parameter, Any], Reader]] = {
    Query: _build_query,
    Header: lambda parameter, marker: build_header_reader(parameter, marker.name or parameter.name.replace("_", "-")),
    Cookie: lambda parameter, marker: build_cookie_reader(parameter, marker.name or parameter.name),
    Body: lambda parameter, marker: build_body_reader(parameter),
    Form: _build_form,
    File: lambda parameter, marker: build_file_reader(parameter),
    CurrentUser: _build_current_user,
}


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
