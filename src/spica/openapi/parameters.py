"""Parameters: path, query, header and cookie parameters of an operation.

Rules of this file:
- A value is described as the text that it is: None can't be sent, so it is no part of a schema.
- Path parameters that no function takes are in the pattern all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from spica.injection.annotations import without_none
from spica.injection.types import allows_none, is_scalar_list, without_null
from spica.openapi.fields import read_fields
from spica.openapi.inputs import Input
from spica.openapi.schemas import Schema, Schemas
from spica.routing.pattern import PathParameter, Pattern

# Of what the route tree takes.
_NATIVE: dict[str, Schema] = {
    "int": {"type": "integer", "minimum": 0},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "slug": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
}


def build_parameters(inputs: list[Input], pattern: Pattern, schemas: Schemas) -> list[Schema]:
    """Build the parameters of an operation: those of the path in its order, then the others as declared."""
    taken = {one.name: one for one in inputs if one.source == "path"}
    found = [
        _build_path(parameter, taken.get(parameter.name), schemas)
        for parameter in pattern.parameters
        if not parameter.in_host
    ]
    for one in inputs:
        if one.source in ("query", "header", "cookie"):
            found.append(_build(one, schemas))
        elif one.source == "record":
            found.extend(_build_record(one, schemas))
    return found


def _build_path(parameter: PathParameter, taken: Input | None, schemas: Schemas) -> Schema:
    return {"name": parameter.name, "in": "path", "required": True, "schema": _describe(parameter, taken, schemas)}


def _describe(parameter: PathParameter, taken: Input | None, schemas: Schemas) -> Schema:
    """What the pattern takes; what the signature makes of it, where the pattern takes any text, or sets bounds."""
    converter = parameter.converter
    if converter.choices:
        return {"type": "string", "enum": list(converter.choices)}
    is_bounded = taken is not None and any(isinstance(one, msgspec.Meta) for one in taken.parameter.markers)
    native = _NATIVE.get(converter.native)
    if native is not None and not (is_bounded and converter.native == "int"):
        schema = dict(native)
    elif taken is None or (not is_bounded and without_none(taken.parameter.bare_type) in (str, Any)):
        schema = {"type": "string", "minLength": 1}
    elif converter.parse is not None:  # of the application's: the value is no longer what the client writes
        schema = {"type": "string"}
    else:
        schema = schemas.of(without_null(taken.type))
        if native is not None and not _has_lower_bound(taken):
            schema["minimum"] = 0
    if parameter.demanded:
        schema["pattern"] = f"^(?:{parameter.demanded})$"
    return schema


def _build(one: Input, schemas: Schemas) -> Schema:
    parameter = one.parameter
    schema = schemas.of(without_null(one.type))
    built: Schema = {"name": one.name, "in": one.source, "schema": schema}
    if parameter.required and not allows_none(parameter.bare_type):
        built["required"] = True
    if not parameter.required and parameter.default is not None:
        schema["default"] = msgspec.to_builtins(parameter.default, enc_hook=str)
    if is_scalar_list(parameter.bare_type) and one.source == "query":
        built |= {"style": "form", "explode": True}
    elif one.source == "query" and "required" not in built and without_none(parameter.bare_type) is not str:
        built["allowEmptyValue"] = True  # a form's way of sending nothing
    return built


def _build_record(one: Input, schemas: Schemas) -> Iterator[Schema]:
    """Of a record in the query its fields, under the names that they are sent by."""
    for field in read_fields(one.type, one.name):
        schema = schemas.of(without_null(field.type))
        if field.default is not msgspec.NODEFAULT and field.default is not None:
            schema["default"] = msgspec.to_builtins(field.default, enc_hook=str)
        built: Schema = {"name": field.name, "in": "query", "schema": schema}
        if field.required and one.parameter.required:
            built["required"] = True
        yield built


def _has_lower_bound(taken: Input) -> bool:
    metas = [one for one in taken.parameter.markers if isinstance(one, msgspec.Meta)]
    return any(meta.ge is not None or meta.gt is not None for meta in metas)
