"""Sources: readers of scalars and lists from the path, the query string, fields and cookies of a request.

A reader is made once per parameter; per request it is one call with the context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from spica.controllers.convert import build_text_converter, check_ordinary
from spica.controllers.records import build_record_reader
from spica.errors.http import FieldError
from spica.injection.annotations import without_none
from spica.injection.errors import RefusedValue
from spica.injection.finite import find_endless, holds_number
from spica.injection.plan import Reader
from spica.injection.refusals import build_field_error, find_field_errors
from spica.injection.signature import Parameter
from spica.injection.types import allows_none, is_scalar_list, takes_text_as_it_is, without_null
from spica.routing.pattern import PathParameter

# What the route tree makes of a path parameter, by its type; of the others it makes text.
_NATIVE_TYPES: dict[str, type] = {"int": int, "float": float, "uuid": UUID, "date": date}
_TEXT_TYPES = frozenset({"str", "slug", "path", "choice", "rest"})


def build_path_reader(parameter: Parameter, position: int, native_type: str) -> Reader:
    """Read the path parameter at a position; what the route tree has converted already is taken as it is."""
    if passes_unchanged(parameter, native_type):
        return lambda ctx: ctx.request.native.params[position]
    name, type_ = parameter.name, parameter.type
    is_number = holds_number(type_)
    convert = msgspec.convert
    # A number stays one for what takes numbers; everything else is converted from its text.
    wants_text = native_type != "int" or without_none(parameter.bare_type) is str

    def read(ctx: Any) -> object:
        value = ctx.request.native.params[position]
        try:
            value = convert(str(value) if wants_text else value, type_, strict=False)
            return check_ordinary(value) if is_number else value
        except msgspec.ValidationError as error:
            raise RefusedValue([build_field_error("path", (name,), str(error), type_=type_)]) from None

    return read


def passes_unchanged(parameter: Parameter, native_type: str) -> bool:
    """Whether the route delivers exactly what the parameter wants: an int for `int`, text for `str`.

    What an own converter makes is taken as it is.
    """
    if parameter.type is not parameter.bare_type and any(isinstance(m, msgspec.Meta) for m in parameter.markers):
        return False
    if native_type in _NATIVE_TYPES:
        return parameter.bare_type is Any or without_none(parameter.bare_type) is _NATIVE_TYPES[native_type]
    if native_type in _TEXT_TYPES:
        return takes_text_as_it_is(parameter.bare_type)
    return True


def build_query_reader(parameter: Parameter, name: str) -> Reader:
    """Read one query parameter, or all of its values where the type is a list (also as `name[]`)."""
    if is_scalar_list(parameter.bare_type):
        return _build_list_reader(
            parameter,
            name,
            "query",
            lambda ctx: ctx.request.query.get_all(name) or ctx.request.query.get_all(f"{name}[]"),
        )
    return _build_text_reader(parameter, name, "query", lambda ctx: ctx.request.query.get(name))


def build_query_record_reader(parameter: Parameter, name: str | None) -> Reader:
    """Read a record of the query's nested names, `filter[state]=open`; without a name of all of the query."""
    return build_record_reader(
        parameter, name, "query", lambda ctx: ctx.request.query.nested(), lambda ctx: ctx.request.query.pairs
    )


def build_header_reader(parameter: Parameter, name: str) -> Reader:
    """Read one request field, or all of its values where the type is a list."""
    name = name.lower()
    if is_scalar_list(parameter.bare_type):
        return _build_list_reader(parameter, name, "header", lambda ctx: ctx.request.native.field_values(name))
    return _build_text_reader(parameter, name, "header", lambda ctx: ctx.request.native.field(name))


def build_cookie_reader(parameter: Parameter, name: str) -> Reader:
    """Read one cookie as the client sent it."""
    return _build_text_reader(parameter, name, "cookie", lambda ctx: ctx.request.cookies.get(name))


def _build_text_reader(parameter: Parameter, name: str, source: str, get: Callable[[Any], str | None]) -> Reader:
    convert = build_text_converter(without_null(parameter.type))
    required, default = parameter.required, parameter.default
    if required and allows_none(parameter.bare_type):  # nothing is one of its values
        required, default = False, None
    # An empty text is a form's way of sending nothing; only text itself can be meant to be empty.
    empty_is_absent = without_none(parameter.bare_type) is not str

    def read(ctx: Any) -> object:
        text = get(ctx)
        if text is None or (text == "" and empty_is_absent and not required):
            if required:
                raise RefusedValue([FieldError(source, name, "is missing", "missing")])
            return default
        if convert is None:
            return text
        try:
            return convert(text)
        except msgspec.ValidationError as error:
            raise RefusedValue([build_field_error(source, (name,), str(error), type_=parameter.bare_type)]) from None

    return read


def _build_list_reader(parameter: Parameter, name: str, source: str, get_all: Callable[[Any], Sequence[str]]) -> Reader:
    type_, required, default = parameter.type, parameter.required, parameter.default
    nullable, is_number = allows_none(parameter.bare_type), holds_number(type_)
    convert = msgspec.convert

    def read(ctx: Any) -> object:
        texts = get_all(ctx)
        if not texts:
            if not required:
                return default
            if nullable:
                return None
            raise RefusedValue([FieldError(source, name, "is missing", "missing")])
        try:
            values = convert(texts, type_, strict=False)
        except msgspec.ValidationError as error:
            errors = find_field_errors(list(texts), type_, source, error, strict=False, at=(name,))
            raise RefusedValue(errors) from None
        if is_number and (endless := find_endless(values, source, (name,))):
            raise RefusedValue(endless)
        return values

    return read


def find_position(parameters: Sequence[PathParameter], name: str) -> int | None:
    """The place of a name among a pattern's parameters; None when the pattern lacks it."""
    return next((index for index, parameter in enumerate(parameters) if parameter.name == name), None)
