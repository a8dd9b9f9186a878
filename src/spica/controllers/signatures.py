"""Signatures as a whole: what can't be meant, refused when the application starts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, get_args, get_origin, get_type_hints

from spica.controllers.file_types import is_file
from spica.controllers.markers import Body, Cookie, CurrentUser, File, Form, Header, Path, Query
from spica.http.context import Context
from spica.http.params import Params
from spica.http.request import Request
from spica.http.streaming import ContentStream
from spica.http.websocket import WebSocket
from spica.injection.annotations import without_none
from spica.injection.errors import SignatureError
from spica.injection.providers import Provide
from spica.injection.signature import Parameter, describe_place
from spica.injection.types import COLLECTIONS, is_body, is_scalar, is_scalar_list, type_name
from spica.middleware.flash import Flash
from spica.middleware.session_data import SessionData
from spica.routing.pattern import Pattern

# What a parameter of such a name is in other frameworks, and in ours where it says its type.
_MEANT = {
    "request": "Request",
    "req": "Request",
    "ctx": "Context",
    "context": "Context",
    "conn": "Context",
    "params": "Params",
    "session": "Session",
}
# Classes that other frameworks have as well.
_OURS = frozenset({"Request", "Context", "WebSocket", "UploadFile", "Session", "Params"})
# What a controller has, and is not.
_OF_A_REQUEST = (Request, Params, SessionData, Flash, ContentStream, WebSocket)
_MARKERS = (Path, Query, Header, Cookie, Body, Form, File, CurrentUser)


def check_bodies(bodies: list[Parameter], content: list[Parameter]) -> None:
    """Refuse two parameters that want all of the content, and JSON beside a file.

    Args:    bodies: those that take all of it; content: those that take all or a part.
    """
    if len(bodies) > 1:
        names = " and ".join(repr(parameter.name) for parameter in bodies)
        raise SignatureError(
            f"two parameters read the body: {names}",
            where=bodies[0].where,
            why="a request has one body",
            fix="make one type that holds both, or fill the other by Provide(...)",
        )
    files = [one for one in content if one.marker(File) is not None or is_file(one.bare_type)]
    json_only = [one for one in bodies if one.marker(Body) is not None]
    if files and json_only:
        body, file = json_only[0], files[0]
        raise SignatureError(
            f"{body.name!r} is a Body() beside the file {file.name!r}",
            where=body.where,
            why="a file comes in a multipart form, and a request that is one has no JSON beside it",
            fix=f"write {body.name}: Annotated[{type_name(body.bare_type)}, Form()], which reads the other fields",
        )


def refuse_marker_as_default(parameter: Parameter) -> None:
    """Refuse `q: str = Query()`: the marker would be the value. Likewise `Query(20)`, whose 20 would be a name."""
    if isinstance(parameter.default, (*_MARKERS, Provide)):
        raise SignatureError(
            f"{parameter.name!r} has the marker {_write(parameter.default)} as its default",
            where=parameter.where,
            why="a default is the value that is passed when none was sent",
            fix=f"write {_annotate(parameter, parameter.default)}",
        )
    for marker in parameter.markers:
        name = getattr(marker, "name", None) if isinstance(marker, _MARKERS) else None
        if name is not None and not isinstance(name, str):
            raise SignatureError(
                f"{parameter.name!r} comes from {_write(marker)}, and {name!r} is no name",
                where=parameter.where,
                why="what stands in a marker is the name that the value is sent by; a default stands behind the type",
                fix=f"write {_annotate(parameter, marker)}",
            )


def _write(marker: object) -> str:
    if isinstance(marker, Provide):
        return repr(marker)
    name = getattr(marker, "name", None)
    return f"{type(marker).__name__}({'...' if name is ... else repr(name) if name is not None else ''})"


def _annotate(parameter: Parameter, marker: object) -> str:
    """Write the parameter with its marker where that belongs; what is no name in it is the default."""
    name = getattr(marker, "name", None)
    is_name = name is None or isinstance(name, str)
    written = _write(marker) if is_name else f"{type(marker).__name__}()"
    default = "" if is_name or name is ... else f" = {name!r}"
    return f"{parameter.name}: Annotated[{type_name(parameter.bare_type)}, {written}]{default}"


def refuse_untyped(parameter: Parameter) -> None:
    """Refuse `self`, and `request` or `ctx` without a type, which would be asked for in the query."""
    if parameter.bare_type is not Any or parameter.markers or not parameter.required:
        return
    if parameter.name == "self":
        raise SignatureError(
            "the function takes self",
            where=parameter.where,
            why="it is called as it is, without an object of its class",
            fix="write a function without self; an action of a controller is named by a routes file: "
            'r.get("/", "home#index")',
        )
    kind = _MEANT.get(parameter.name)
    if kind is not None:
        raise SignatureError(
            f"{parameter.name!r} has no type",
            where=parameter.where,
            why="arguments are filled by type and name; what has no type comes from the query, ?"
            + parameter.name
            + "=...",
            fix=f"write {parameter.name}: {kind}; where it does come from the query, {parameter.name}: str",
        )


def refuse_unfilled(parameter: Parameter) -> SignatureError:
    """Make the error of a parameter of a type that comes from nowhere."""
    type_, name = parameter.bare_type, parameter.name
    fix = f"write {name}: Annotated[{type_name(type_)}, Provide(make_{name})]"
    items = [item for item in get_args(type_) if item is not Ellipsis]
    if get_origin(type_) in COLLECTIONS and items:
        fix = f"write {name}: Annotated[{_short_name(type_)}, Body()] for a list in the body"
    elif getattr(type_, "__name__", "") in _OURS and not type_.__module__.startswith("spica."):
        fix = f"from spica import {type_.__name__}, and not from {type_.__module__.partition('.')[0]}"
    return SignatureError(
        f"nothing can fill {name!r} of the type {type_name(type_)}",
        where=parameter.where,
        why="scalars come from the path or the query, a Struct, dataclass or TypedDict from the body, "
        "Context, Request and Session by their type",
        fix=fix,
    )


def check_self(method: Callable[..., object], pattern: Pattern) -> None:
    """Refuse an action or filter that doesn't begin with `self`. Raises SignatureError."""
    first = next(iter(inspect.signature(method).parameters.values()), None)
    if first is not None and first.kind is first.VAR_POSITIONAL:
        return
    if first is None or first.name in pattern.names or (first.name != "self" and _is_filled(method, first.annotation)):
        raise SignatureError(
            f"{method.__name__} doesn't take self",
            where=describe_place(method),
            why="a method is called with its controller first"
            + (f", which would be its {first.name!r}" if first is not None else ""),
            fix=f"{'async ' if inspect.iscoroutinefunction(method) else ''}def {method.__name__}"
            f"(self{', ...' if first is not None else ''}):",
        )


def _is_filled(method: Callable[..., object], annotation: Any) -> bool:
    """Whether a first parameter is of a type that comes from the request, and so stands where the controller goes.

    A type that is none of those, or isn't known, may be the controller's own: `def show(this: "Posts")`.
    """
    if annotation is inspect.Parameter.empty or inspect.ismethod(method):
        return False
    known = getattr(inspect.unwrap(method), "__globals__", {})
    try:
        hints = get_type_hints(SimpleNamespace(__annotations__={"first": annotation}), globalns=known)
    except (NameError, AttributeError, TypeError, SyntaxError):  # of a name that only type checkers know, for one
        return False
    type_ = without_none(hints["first"])
    if type_ is Any or (isinstance(type_, type) and issubclass(type_, Context)):  # a controller is a Context
        return False
    return (
        is_scalar(type_)
        or is_scalar_list(type_)
        or is_body(type_)
        or is_file(type_)
        or (isinstance(type_, type) and issubclass(type_, _OF_A_REQUEST))
    )


def _short_name(type_: Any) -> str:
    """A list's type as it stands in the source, without the modules of its items."""
    names = ", ".join("..." if item is Ellipsis else type_name(item) for item in get_args(type_))
    return f"{get_origin(type_).__name__}[{names}]"


def refuse_bodiless(parameter: Parameter, method: str) -> SignatureError:
    """Make the error of a parameter that takes content where a request has none."""
    name = parameter.name
    return SignatureError(
        f"{name!r} comes from the body, and a {method} request has none",
        where=parameter.where,
        why="what a GET sends as content has no meaning (RFC 9110 section 9.3.1), and caches and proxies drop it",
        fix=f"answer POST instead, or read it from the query: "
        f"{name}: Annotated[{type_name(parameter.bare_type)}, Query()]",
    )


def check_path(parameters: list[Parameter], pattern: Pattern, *, is_socket: Callable[[Parameter], bool]) -> None:
    """Refuse a path parameter that nobody takes while another name is asked for."""
    taken = {parameter.name for parameter in parameters}
    markers = [marker for parameter in parameters for marker in parameter.markers]
    taken |= {marker.name for marker in markers if isinstance(marker, Path) and marker.name}
    unused = [name for name in pattern.names if name not in taken]
    strangers = [
        parameter
        for parameter in parameters
        if parameter.required
        and not any(parameter.marker(kind) for kind in _MARKERS)
        and parameter.name not in pattern.names
        and not is_socket(parameter)
        and is_scalar(parameter.bare_type)
    ]
    if unused and strangers:
        stranger = strangers[0]
        raise SignatureError(
            f"the pattern {pattern} has no path parameter {stranger.name!r}",
            where=stranger.where,
            why=f"it has {unused[0]!r}, which the signature doesn't take",
            fix=f"rename one of them, or take both; if {stranger.name!r} comes from the query, write\n"
            f"{stranger.name}: Annotated[{type_name(stranger.bare_type)}, Query()]",
        )
