"""Path patterns: `/users/{id:int}/posts/{slug}` taken apart once, for the route tree and for path helpers.

Rules of this file:
- A pattern starts with `/`. A segment is text, one parameter, or both: `feed.{format}`.
- `{name}` takes one segment; `{name:int}` and the like take what their converter does; `{name:a|b}` one of these texts;
  `{name:path}` (also `{*name}`) the rest of the path, and stands last.
- A host is a pattern of parts between dots; its parameters come before those of the path.
- `Pattern.text` is what people read, `Pattern.native` what the route tree does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from spica.errors import closest
from spica.routing.converters import (
    BUILT_IN,
    REST,
    Converter,
    check_regex,
    choice_of,
    converter_names,
    find_converter,
    suggest_converter,
)
from spica.routing.errors import InvalidPatternError

_PARAMETER = re.compile(r"\{(?P<rest>\*)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<type>[^{}]*))?\}")
_FOREIGN_PARAMETER = re.compile(r"<(?:(?P<type>\w+):)?(?P<name>[A-Za-z_]\w*)>")
# As Rails, Sinatra and Express have them. A path may have such texts, and no path that people make does: where one is
# meant all the same, it is {x} with where={"x": [":id"]}.
_STARRED = re.compile(r"(?P<type>(?!))?[:*](?P<name>[A-Za-z_]\w*)")
_IN_BRACES = re.compile(r"(\{[^{}]*\})")
_HOST = re.compile(r"[A-Za-z0-9_-]*")

Constraints: TypeAlias = Mapping[str, "str | list[str] | tuple[str, ...]"]


@dataclass(frozen=True, slots=True)
class PathParameter:
    """One parameter of a pattern: its name, how it is converted, and what its text must match besides."""

    name: str
    converter: Converter
    regex: str = ""
    in_host: bool = False

    @property
    def type(self) -> str:
        """The converter's name: "str", "int", "choice", or an own one."""
        return self.converter.name

    @property
    def native(self) -> str:
        """How the route tree reads it."""
        converter = self.converter
        if converter.choices:
            return f"{{{self.name}:{'|'.join(converter.choices)}}}"
        return f"{{{self.name}}}" if converter.native == "str" else f"{{{self.name}:{converter.native}}}"

    @property
    def demanded(self) -> str:
        """The expression that the tree is given, "" for none."""
        return self.regex or self.converter.regex

    def __str__(self) -> str:
        if self.type == "choice":
            return f"{{{self.name}:{'|'.join(self.converter.choices)}}}"
        return f"{{{self.name}}}" if self.type == "str" else f"{{{self.name}:{self.type}}}"

    @property
    def shape(self) -> str:
        """What it takes, without its name."""
        choices = "|".join(sorted(self.converter.choices))
        return f"{{:{choices or self.type}{'~' if self.regex else ''}{self.regex}}}"


Parts: TypeAlias = tuple["str | PathParameter", ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern.

    `segments` and `host` hold the parts of each segment, text and parameters in order; `parameters` are those of the
    host, then those of the path; `shape` is the pattern without the parameters' names, so that two patterns of one
    shape match the same requests.
    """

    text: str
    segments: tuple[Parts, ...]
    parameters: tuple[PathParameter, ...]
    host: tuple[Parts, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names, those of the host first, in the order of the pattern."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def native(self) -> str:
        """The path as the route tree reads it."""
        return "/" + "/".join(_join(segment, "native") for segment in self.segments)

    @property
    def native_host(self) -> str | None:
        """The host as the route tree reads it, None for every host."""
        return ".".join(_join(part, "native") for part in self.host) if self.host else None

    @property
    def host_text(self) -> str:
        """The host for people, "" for every host."""
        return ".".join(_join(part, "") for part in self.host)

    @property
    def shape(self) -> str:
        """The pattern without names."""
        host = ".".join(_join(part, "shape") for part in self.host)
        return host + "/" + "/".join(_join(segment, "shape") for segment in self.segments)

    @property
    def constraints(self) -> list[tuple[str, str]]:
        """Names of parameters and the expressions that their texts must match."""
        return [(parameter.name, parameter.demanded) for parameter in self.parameters if parameter.demanded]

    def __str__(self) -> str:
        return self.host_text + self.text


def parse_pattern(text: str, where: object = "", *, host: str | None = None, demands: Constraints = {}) -> Pattern:  # noqa: B006 - never changed
    """Read a path pattern.

    Args:    text: the pattern; where: what errors name as its place; host: of the requests it is for, None for all;
             demands: regular expressions, or lists of texts, by parameters' names.
    Returns: the pattern, parameters in order.
    Raises:  InvalidPatternError when it doesn't start with `/`, a brace is not closed, a type is unknown, a name is
             used twice, something follows `{name:path}`, or a demand names no parameter; InvalidConverterError when one
             is no regular expression.
    """
    if not text.startswith("/"):
        raise InvalidPatternError(
            f"the pattern {text!r} doesn't start with a slash", where=str(where), fix=f'write "/{text}"'
        )
    segments = tuple(_parse_segment(segment, text, where) for segment in _split(text[1:], "/"))
    parts = parse_host(host, where) if host else ()
    parameters = tuple(_parameters(parts)) + tuple(_parameters(segments))
    _check_parameters(segments, parameters, text, where)
    pattern = Pattern("/" + "/".join(_join(segment, "") for segment in segments), segments, parameters, parts)
    return _demand(pattern, demands, where) if demands else pattern


def parse_host(text: str, where: object = "") -> tuple[Parts, ...]:
    """Read the host that a route is for: parts between dots.

    Raises: InvalidPatternError when it is no host.
    """
    parts = [_parse_segment(part, text, where) for part in _split(text, ".")]
    literals = [piece for part in parts for piece in part if isinstance(piece, str)]
    if not all(parts) or any(part == ("",) for part in parts) or not all(_HOST.fullmatch(one) for one in literals):
        raise InvalidPatternError(
            f"{text!r} is no host",
            where=str(where),
            why="a host is a name of parts between dots, without scheme, port and path",
            fix='write it like "admin.example.com" or "{tenant}.example.com"',
        )
    if any(parameter.converter.native == "path" for parameter in _parameters(parts)):
        raise InvalidPatternError(
            f"the host {text!r} has a parameter for several parts",
            where=str(where),
            why="a parameter of a host takes one part between two dots",
            fix="write a parameter for each part",
        )
    return tuple(
        tuple(piece.lower() if isinstance(piece, str) else replace(piece, in_host=True) for piece in part)
        for part in parts
    )


def join_patterns(prefix: str, pattern: str) -> str:
    """Put a prefix before a pattern: `/admin` and `/` make `/admin`, `/admin` and `orders` make `/admin/orders`."""
    head, tail = prefix.rstrip("/"), pattern.lstrip("/")
    if head and not head.startswith("/"):
        head = "/" + head
    return f"{head}/{tail}" if tail else head or "/"


def _split(text: str, at: str) -> list[str]:
    """Split outside of braces."""
    pieces = [""]
    for part in _IN_BRACES.split(text):
        first, *rest = [part] if part.startswith("{") else part.split(at)
        pieces[-1] += first
        pieces.extend(rest)
    return pieces


def _join(segment: Parts, form: str) -> str:
    return "".join(
        part if isinstance(part, str) else str(getattr(part, form)) if form else str(part) for part in segment
    )


def _parameters(segments: tuple[Parts, ...] | list[Parts]) -> list[PathParameter]:
    return [part for segment in segments for part in segment if isinstance(part, PathParameter)]


def _parse_segment(segment: str, text: str, where: object) -> Parts:
    if "{" not in segment and "}" not in segment:
        if foreign := _FOREIGN_PARAMETER.search(segment) or _STARRED.fullmatch(segment):
            raise InvalidPatternError(
                f"{foreign[0]} in the pattern {text!r} is no parameter",
                where=str(where),
                why="a parameter is {name} or {name:type}, the rest of a path {*name}",
                fix=f"write {_translate(foreign)}{_literally(foreign)}",
            )
        return (segment,)
    parts: list[str | PathParameter] = []
    for piece in _IN_BRACES.split(segment):
        if "{" not in piece and "}" not in piece:
            if piece:
                parts.append(piece)
            elif parts and isinstance(parts[-1], PathParameter):
                parts.append("")
            continue
        found = _PARAMETER.fullmatch(piece)
        touches = len(parts) > 1 and parts[-1] == "" and isinstance(parts[-2], PathParameter)
        if found is None or touches:
            raise InvalidPatternError(
                f"the segment {segment!r} of the pattern {text!r} can't be read",
                where=str(where),
                why="nothing stands between two parameters, so nobody could say where one ends"
                if touches
                else "a parameter is {name} or {name:type}",
                fix="put a text between them: {year}-{month}" if touches else "close its brace, and write no other",
            )
        parts.append(_parse_parameter(found, text, where))
    return tuple(part for part in parts if part != "")


def _literally(foreign: re.Match[str]) -> str:
    """How the text itself is written, where it isn't another framework's parameter: `/v1/:batch`."""
    if foreign.re is not _STARRED:
        return ""
    name = foreign["name"]
    return f"; for the text itself {{{name}}} with where={{{name!r}: [{foreign[0]!r}]}}"


def _translate(foreign: re.Match[str]) -> str:
    """Write another framework's parameter as ours: <int:id>, <str:slug>, :id, *path."""
    name, type_ = foreign["name"], foreign["type"]
    if foreign[0].startswith("*"):
        return f"{{*{name}}}"
    return f"{{{name}}}" if type_ in (None, "str", "string") else f"{{{name}:{type_}}}"


def _parse_parameter(found: re.Match[str], text: str, where: object) -> PathParameter:
    name, type_ = found["name"], found["type"]
    if found["rest"]:
        return PathParameter(name, BUILT_IN["path"])
    if type_ is None:
        return PathParameter(name, BUILT_IN["str"])
    if type_ == REST.name:
        return PathParameter(name, REST)
    if "|" in type_:
        return PathParameter(name, choice_of(_check_choices(type_.split("|"), text, where)))
    converter = find_converter(type_)
    if converter is None:
        raise InvalidPatternError(
            f"the pattern {text!r} has the unknown parameter type {type_!r}",
            where=str(where),
            why=f"the types are {', '.join(converter_names())}",
            fix=_fix_type(name, type_),
        )
    return PathParameter(name, converter)


def _fix_type(name: str, type_: str) -> str:
    if find_converter(name) is not None and type_.isidentifier():  # {int:id}
        return f"write {{{type_}:{name}}}: the name stands first"
    if not type_.isidentifier():  # {id:[0-9]+}
        return f"write {{{name}}}, and say what it must match beside it: where={{{name!r}: r{type_!r}}}"
    near = suggest_converter(type_)
    if near:
        return f"write {{{name}:{near}}}"
    return f"write {{{name}}}, or register it: converter({type_!r}, ...) before the routes"


def _check_choices(choices: list[str], text: str, where: object) -> list[str]:
    if all(choice and not set(choice) & set("/|{}") for choice in choices):
        return choices
    raise InvalidPatternError(
        f"a choice in the pattern {text!r} is empty or holds a slash",
        where=str(where),
        why="choices are texts that stand in one segment, with | between them",
        fix="write {status:draft|published}",
    )


def _demand(pattern: Pattern, demands: Constraints, where: object) -> Pattern:
    """Put what is demanded of parameters into the pattern."""
    for name in demands:
        if name not in pattern.names:
            near = closest(name, pattern.names)
            raise InvalidPatternError(
                f"where= names {name!r}, which the pattern {pattern} does not have",
                where=str(where),
                why=f"its parameters are {', '.join(pattern.names) or '(none)'}",
                fix=f"did you mean {near[0]!r}?" if near else f"add {{{name}}} to the pattern, or remove it",
            )

    def narrow(part: str | PathParameter) -> str | PathParameter:
        if isinstance(part, str) or part.name not in demands:
            return part
        demand = demands[part.name]
        if not isinstance(demand, str):
            return replace(part, converter=choice_of(_check_choices(list(demand), pattern.text, where)))
        check_regex(demand, f"the constraint of {part.name!r}", str(where))
        if part.converter.regex or part.converter.choices:
            raise InvalidPatternError(
                f"the parameter {part.name!r} is constrained twice",
                where=str(where),
                why=f"its type {part.type!r} says already what it takes",
                fix=f"write {{{part.name}}} in the pattern, or leave it out of where=",
            )
        return replace(part, regex=demand)

    segments = tuple(tuple(narrow(part) for part in segment) for segment in pattern.segments)
    host = tuple(tuple(narrow(part) for part in segment) for segment in pattern.host)
    parameters = (*_parameters(host), *_parameters(segments))
    text = "/" + "/".join(_join(segment, "") for segment in segments)
    return Pattern(text, segments, parameters, host)


def _check_parameters(
    segments: tuple[Parts, ...], parameters: tuple[PathParameter, ...], text: str, where: object
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
        takes_rest = parameter.converter.native in ("path", "rest")
        if takes_rest and segments[-1] != (parameter,):
            raise InvalidPatternError(
                f"something follows {parameter} in the pattern {text!r}"
                if (parameter,) in segments
                else f"{parameter} shares its segment in the pattern {text!r}",
                where=str(where),
                why="a path parameter takes the whole rest of the path",
                fix=f"move {parameter} to the end, or write {{{parameter.name}}} to take one segment",
            )
