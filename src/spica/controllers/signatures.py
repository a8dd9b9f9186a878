"""Signatures as a whole: what can't be meant, refused when the application starts."""

from __future__ import annotations

from collections.abc import Callable

from spica.controllers.file_types import is_file
from spica.controllers.markers import Body, Cookie, CurrentUser, File, Form, Header, Path, Query
from spica.injection.errors import SignatureError
from spica.injection.providers import Provide
from spica.injection.signature import Parameter
from spica.injection.types import is_scalar, type_name
from spica.routing.pattern import Pattern

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
    """Refuse `q: str = Query()`: the marker would be the value."""
    if isinstance(parameter.default, (*_MARKERS, Provide)):
        marker = parameter.default
        written = repr(marker) if isinstance(marker, Provide) else f"{type(marker).__name__}(...)"
        raise SignatureError(
            f"{parameter.name!r} has the marker {written} as its default",
            where=parameter.where,
            why="a default is the value that is passed when none was sent",
            fix=f"write {parameter.name}: Annotated[{type_name(parameter.bare_type)}, {written}]",
        )


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
