"""Types of path parameters: those of the route tree, choices, and the application's own.

Rules of this file:
- The route tree knows a few types natively. An own converter is one of them with an expression that the text must match
  and a function that makes its value; a `ValueError` of that function means that the route doesn't match.
- Own converters belong to the process, as modules do: declare them before the routes that use them. The last one
  registered under a name counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from spica.errors import closest
from spica.routing.errors import InvalidConverterError
from spica.routing.location import locate_caller


def to_param(value: object) -> str:
    """Write a value as it stands in a URL: an object's `to_param()`, else its `id`, else its text."""
    if isinstance(value, str):
        return str(value.value) if isinstance(value, Enum) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value.value) if isinstance(value, Enum) else str(value)
    method = getattr(value, "to_param", None)
    if method is not None:
        return str(method())
    if isinstance(value, Enum):
        return str(value.value)
    identity = getattr(value, "id", None)
    return str(value if identity is None else identity)


@dataclass(frozen=True, slots=True)
class Converter:
    """How a path parameter is read and written.

    Args:    name: after the colon; native: the tree's type; regex: what the whole text must match besides, "" for
             anything; choices: the texts it may be; parse: makes the value, None when the text, or what the tree has
             made of it, is the value; format: writes a value.
    """

    name: str
    native: str
    regex: str = ""
    choices: tuple[str, ...] = ()
    parse: Callable[[Any], object] | None = None
    format: Callable[[Any], str] = to_param

    def accepts(self, text: str) -> bool:
        """Whether a written value would be matched again."""
        if self.choices:
            return text in self.choices
        own = _form_of(self.native)
        return (own is None or own.fullmatch(text) is not None) and (
            not self.regex or re.fullmatch(self.regex, text) is not None
        )


@cache
def _form_of(native: str) -> re.Pattern[str] | None:
    """What a text of a type of the tree looks like; compiled when it is first asked for, because importing is cheap."""
    form = _WRITTEN.get(native)
    return re.compile(form) if form is not None else None


def _format_float(value: object) -> str:
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) else to_param(value)


def _format_date(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else to_param(value)


# What a text of each type of the tree looks like; the others are only never empty.
_WRITTEN = {
    "int": r"0|[1-9][0-9]{0,18}",
    "float": r"-?(0|[1-9][0-9]*)(\.[0-9]+)?",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "slug": r"[A-Za-z0-9_-]+",
}
BUILT_IN = {
    name: Converter(name, name, format=format_)
    for name, format_ in (
        ("str", to_param),
        ("int", to_param),
        ("float", _format_float),
        ("uuid", str),
        ("date", _format_date),
        ("slug", to_param),
        ("path", to_param),
    )
}
# Of fallbacks: what is left of the path, which may be nothing.
REST = Converter("rest", "rest")
_own: dict[str, Converter] = {}


def converter(
    name: str,
    pattern: str | type[Enum],
    parse: Callable[[str], object] | None = None,
    format: Callable[[Any], str] | None = None,
) -> None:
    """Register a type of path parameters: `{code:sku}` takes what matches the pattern, and gives what `parse` makes.

    Args:    name: after the colon; pattern: a regular expression for the whole text, or an Enum whose values are the
             choices; parse: makes the value of the text, a ValueError means that the route doesn't match; format:
             writes a value for a path helper.
    Raises:  InvalidConverterError when the name is taken by a type of Spica's, or the pattern can't be read.
    Example:
        >>> converter("sku", r"[A-Z]{3}-[0-9]+", parse=str.lower, format=str.upper)
        >>> r = Routes()
        >>> r.get("/products/{code:sku}", lambda code: code)
    """
    where = str(locate_caller())
    if name in BUILT_IN or name == REST.name or not name.isidentifier():
        raise InvalidConverterError(
            f"{name!r} can't be the name of a converter",
            where=where,
            why="it is a type of Spica's own" if name.isidentifier() else "it stands in a pattern, after the colon",
            fix="give it another name, of letters, digits and _",
        )
    if isinstance(pattern, type):
        _own[name] = _of_enum(name, pattern, format)
        return
    check_regex(pattern, f"the pattern of the converter {name!r}", where)
    _own[name] = Converter(name, "str", pattern, (), parse, format or to_param)


def find_converter(name: str) -> Converter | None:
    """The converter of a name, None when there is none."""
    return BUILT_IN.get(name) or _own.get(name)


def converter_names() -> list[str]:
    """The names that may stand after a colon."""
    return [*BUILT_IN, *_own]


def choice_of(choices: Iterable[str]) -> Converter:
    """The converter of `{status:draft|published}`."""
    return Converter("choice", "choice", choices=tuple(choices))


def check_regex(text: str, what: str, where: str) -> None:
    """Refuse what Python can't read as a regular expression; the tree, which reads less, is asked when it is built.

    Raises: InvalidConverterError.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise InvalidConverterError(
            f"{what} is no regular expression: {error}",
            where=where,
            why=f"it reads {text!r}, and must match the whole text of the parameter",
            fix='write one such as r"[a-z-]+"',
        ) from None


def suggest_converter(name: str) -> str:
    """The nearest name, "" when none is near."""
    near = closest(name, converter_names())
    return near[0] if near else ""


def _of_enum(name: str, kind: type[Enum], format: Callable[[Any], str] | None) -> Converter:
    members = {str(member.value): member for member in kind}
    return Converter(name, "choice", "", tuple(members), members.__getitem__, format or to_param)
