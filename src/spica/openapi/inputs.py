"""Inputs: where each parameter of a route's functions comes from, read as binding reads it.

Rules of this file:
- The same order as `spica.controllers.binding`: marker, type, name in the pattern, query, body.
- Providers' own parameters are inputs of the route as well; so are those of the filters around an action.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from spica.controllers.bodies import is_form_field
from spica.controllers.file_types import is_file
from spica.controllers.markers import Body, Cookie, CurrentUser, File, Form, Header, Path, Query
from spica.controllers.submitted import is_submitted, submitted_type
from spica.errors.http import FieldError, HttpError
from spica.http.context import Context
from spica.http.params import Params
from spica.http.request import Request
from spica.http.streaming import ContentStream
from spica.injection.annotations import without_none
from spica.injection.plan import Reader, build_plan
from spica.injection.registry import Registry
from spica.injection.signature import Parameter
from spica.injection.types import is_scalar, is_scalar_list
from spica.middleware.flash import Flash
from spica.middleware.session_data import SessionData
from spica.routing.pattern import Pattern

Source: TypeAlias = Literal[
    "path", "query", "record", "header", "cookie", "body", "form", "field", "file", "stream", "user"
]
_OBJECTS = (Context, Request, Params, SessionData, Flash)


class Input(NamedTuple):
    """One parameter and its source.

    Args:    source: "record" is an object in the query, "field" one field of a form; name: what the client calls it, ""
             for a whole form; type: as msgspec reads it; parameter: as it was declared.
    """

    source: Source
    name: str
    type: Any
    parameter: Parameter


def read_inputs(
    functions: Sequence[tuple[Callable[..., object], bool]], pattern: Pattern, registry: Registry | None
) -> list[Input]:
    """Read what functions take from a request, each input once.

    Args:    functions: with whether the first parameter is passed by the caller; pattern: the route's; registry: the
             application's providers.
    """
    host = _Collector(pattern)
    for function, skip_first in functions:
        build_plan(function, host, skip_first=skip_first, registry=registry)
    found: dict[tuple[Source, str], Input] = {}
    for one in host.inputs:
        found.setdefault((one.source, one.name), one)
    return list(found.values())


class _Collector:
    """A host that fills nothing, and notes where it would have looked."""

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self.inputs: list[Input] = []

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Note a parameter's source."""
        found = _marked(parameter) or _unmarked(parameter, self._pattern)
        if found is not None:
            self.inputs.append(Input(*found, parameter))
        return lambda ctx: None

    def check_parameters(self, parameters: list[Parameter]) -> None:
        """Nothing: the application was compiled, so the signature is right."""

    def refuse(self, errors: list[FieldError]) -> Exception:
        """Never called, as nothing is read."""
        return HttpError()


def _marked(parameter: Parameter) -> tuple[Source, str, Any] | None:
    name, type_ = parameter.name, parameter.type
    if (query := parameter.marker(Query)) is not None:
        if is_scalar(parameter.bare_type) or is_scalar_list(parameter.bare_type):
            return "query", query.name or name, type_
        return "record", "" if query.flat else query.name or name, type_
    if (header := parameter.marker(Header)) is not None:
        return "header", _title(header.name or name.replace("_", "-")), type_
    if (cookie := parameter.marker(Cookie)) is not None:
        return "cookie", cookie.name or name, type_
    if parameter.marker(Body) is not None:
        return "body", "", type_
    if (form := parameter.marker(Form)) is not None:
        if is_submitted(without_none(parameter.bare_type)):
            return "form", form.name or "", submitted_type(without_none(parameter.bare_type))
        return ("field", form.name or name, type_) if is_form_field(parameter) else ("form", form.name or "", type_)
    if (file := parameter.marker(File)) is not None:
        return "file", file.name or name, type_
    if parameter.marker(CurrentUser) is not None:
        return "user", "", type_
    path = parameter.marker(Path)
    return ("path", path.name or name, type_) if path is not None else None


def _unmarked(parameter: Parameter, pattern: Pattern) -> tuple[Source, str, Any] | None:
    type_ = without_none(parameter.bare_type)
    if is_submitted(type_):
        return "form", "", submitted_type(type_)
    if isinstance(type_, type) and issubclass(type_, ContentStream):
        return "stream", "", type_
    if isinstance(type_, type) and issubclass(type_, _OBJECTS):
        return None
    if is_file(type_):
        return "file", parameter.name, parameter.type
    if parameter.name in pattern.names:
        return "path", parameter.name, parameter.type
    if is_scalar(parameter.bare_type) or is_scalar_list(parameter.bare_type):
        return "query", parameter.name, parameter.type
    return "body", "", parameter.type


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
