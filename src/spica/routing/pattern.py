"""Path patterns: `/users/{id:int}/posts/{slug}` taken apart once, for the route tree and for path helpers.

Rules of this file:
- A pattern starts with `/`. A segment is either text or exactly one parameter.
- `{name}` and `{name:str}` take one segment, `{name:int}` takes decimal digits, `{name:path}` (also `{*name}`)
  takes the rest of the path and stands last.
- `Pattern.text` is the canonical form that the native tree reads: `{name}`, `{name:int}` or `{name:path}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from spica.errors import closest
from spica.routing.errors import InvalidPatternError

ParameterType = Literal["str", "int", "path"]
PARAMETER_TYPES: tuple[ParameterType, ...] = ("str", "int", "path")

_PARAMETER = re.compile(r"\{(?P<rest>\*)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<type>[^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class PathParameter:
    """One parameter of a pattern: its name, and what text it takes."""

    name: str
    type: ParameterType

    def __str__(self) -> str:
        return f"{{{self.name}}}" if self.type == "str" else f"{{{self.name}:{self.type}}}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern.

    `segments` holds text and parameters in order; `shape` is the pattern without the parameters' names, so that two
    patterns of one shape match the same paths.
    """

    text: str
    segments: tuple[str | PathParameter, ...]
    parameters: tuple[PathParameter, ...]
    shape: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names, in the order of the pattern."""
        return tuple(parameter.name for parameter in self.parameters)

    def __str__(self) -> str:
        return self.text


def parse_pattern(text: str, where: object = "") -> Pattern:
    """Read a path pattern.

    Args:    text: the pattern; where: what errors name as its place.
    Returns: the pattern, parameters in order.
    Raises:  InvalidPatternError when it doesn't start with `/`, a brace is not closed, a type is unknown, a name is
             used twice, a parameter shares its segment with text, or something follows `{name:path}`.
    """
    if not text.startswith("/"):
        raise InvalidPatternError(
            f"the pattern {text!r} doesn't start with a slash", where=str(where), fix=f'write "/{text}"'
        )
    segments = tuple(_parse_segment(segment, text, where) for segment in text[1:].split("/"))
    parameters = tuple(segment for segment in segments if isinstance(segment, PathParameter))
    _check_parameters(segments, parameters, text, where)
    return Pattern(
        text="/" + "/".join(str(segment) for segment in segments),
        segments=segments,
        parameters=parameters,
        shape="/" + "/".join(s if isinstance(s, str) else f"{{:{s.type}}}" for s in segments),
    )


def join_patterns(prefix: str, pattern: str) -> str:
    """Put a prefix before a pattern: `/admin` and `/` make `/admin`, `/admin` and `orders` make `/admin/orders`."""
    head, tail = prefix.rstrip("/"), pattern.lstrip("/")
    if head and not head.startswith("/"):
        head = "/" + head
    return f"{head}/{tail}" if tail else head or "/"


def _parse_segment(segment: str, text: str, where: object) -> str | PathParameter:
    if "{" not in segment and "}" not in segment:
        return segment
    found = _PARAMETER.fullmatch(segment)
    if found is None:
        raise InvalidPatternError(
            f"the segment {segment!r} of the pattern {text!r} can't be read",
            where=str(where),
            why="a parameter is {name} or {name:type} and fills a whole segment between two slashes",
            fix="put the parameter in a segment of its own and close its brace",
        )
    name, type_ = found["name"], found["type"]
    if found["rest"]:
        return PathParameter(name, "path")
    if type_ is None:
        return PathParameter(name, "str")
    if type_ not in PARAMETER_TYPES:
        near = closest(type_, PARAMETER_TYPES)
        raise InvalidPatternError(
            f"the pattern {text!r} has the unknown parameter type {type_!r}",
            where=str(where),
            why=f"the types are {', '.join(PARAMETER_TYPES)}",
            fix=f"write {{{name}:{near[0]}}}"
            if near
            else f"write {{{name}}} and convert it in the handler's signature",
        )
    return PathParameter(name, cast(ParameterType, type_))


def _check_parameters(
    segments: tuple[str | PathParameter, ...], parameters: tuple[PathParameter, ...], text: str, where: object
) -> None:
    names = [parameter.name for parameter in parameters]
    for name in names:
        if names.count(name) > 1:
            raise InvalidPatternError(
                f"the pattern {text!r} uses the name {name!r} twice",
                where=str(where),
                fix="give one of them another name",
            )
    for parameter in parameters:
        if parameter.type == "path" and parameter is not segments[-1]:
            raise InvalidPatternError(
                f"something follows {parameter} in the pattern {text!r}",
                where=str(where),
                why="a path parameter takes the whole rest of the path",
                fix=f"move {parameter} to the end, or write {{{parameter.name}}} to take one segment",
            )
