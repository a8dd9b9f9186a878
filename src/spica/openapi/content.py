"""Content: the request body of an operation, by media type.

Rules of this file:
- A record that binding reads from JSON and from forms is described as both where a form can hold it: no record in it.
- Fields, groups and files of a form are one object with the names that are sent.
"""

from __future__ import annotations

from typing import Any, get_origin

import msgspec

from spica.controllers.bodies import needs_file
from spica.controllers.codecs import find_adapter
from spica.controllers.file_types import is_file
from spica.controllers.markers import File
from spica.http import media_types
from spica.http.forms import FORM_TYPES
from spica.injection.annotations import without_none
from spica.injection.types import (
    COLLECTIONS,
    allows_none,
    is_record,
    is_scalar,
    is_scalar_list,
    without_null,
)
from spica.openapi.fields import SentField, read_fields
from spica.openapi.inputs import Input
from spica.openapi.schemas import FILE, Schema, Schemas

_FORM_SOURCES = ("form", "field", "file")


def build_content(inputs: list[Input], examples: tuple[tuple[str, Any], ...], schemas: Schemas) -> Schema | None:
    """Build the request body; None for an operation that reads none."""
    body = next((one for one in inputs if one.source == "body"), None)
    parts = [one for one in inputs if one.source in _FORM_SOURCES]
    if any(one.source == "stream" for one in inputs):
        return {"content": {"*/*": {}}}
    if body is not None and not parts and not needs_file(body.type):
        return _build_record(body, examples, schemas)
    if body is not None:
        parts.insert(0, body._replace(source="form"))
    return _build_form(parts, schemas) if parts else None


def _build_record(body: Input, examples: tuple[tuple[str, Any], ...], schemas: Schemas) -> Schema:
    parameter = body.parameter
    types = [media_types.JSON, *(FORM_TYPES if _fits_form(body.type) else ())]
    content: Schema = {}
    for media_type in types:
        content[media_type] = {"schema": schemas.of(without_null(body.type))}
    if examples:
        content[media_types.JSON]["examples"] = {
            name: {"value": msgspec.to_builtins(value, enc_hook=str)} for name, value in examples
        }
    is_required = parameter.required and not allows_none(parameter.bare_type)
    return {"content": content, "required": True} if is_required else {"content": content}


def _fits_form(type_: Any) -> bool:
    """Whether a form can hold a record: all of its fields are texts, or lists of texts."""
    record = without_none(type_)
    if not is_record(record) or find_adapter(record) is not None:
        return False
    return all(is_scalar(one.type) or is_scalar_list(one.type) for one in read_fields(record)) and not any(
        "[" in one.name for one in read_fields(record)
    )


def _build_form(parts: list[Input], schemas: Schemas) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    encoding: Schema = {}
    for one in parts:
        for field in _list_fields(one):
            properties[field.name] = _build_field(one, field, schemas)
            if field.required:
                required.append(field.name)
        marker = one.parameter.marker(File)
        if marker is not None and marker.types:
            encoding[one.name] = {"contentType": ", ".join(marker.types)}
    has_files = any(schema.get("format") == "binary" for schema in properties.values()) or bool(encoding)
    has_files = has_files or any(one.source == "file" or needs_file(one.type) for one in parts)
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    content: Schema = {"schema": schema, "encoding": encoding} if encoding else {"schema": schema}
    types = [media_types.MULTIPART] if has_files else FORM_TYPES
    built: Schema = {"content": dict.fromkeys(types, content)}
    return {**built, "required": True} if required else built


def _list_fields(one: Input) -> list[SentField]:
    parameter = one.parameter
    required = parameter.required and not allows_none(parameter.bare_type)
    if one.source != "form":
        return [SentField(one.name, one.type, required, msgspec.NODEFAULT)]
    return [field._replace(required=field.required and required) for field in read_fields(one.type, one.name)]


def _build_field(one: Input, field: SentField, schemas: Schemas) -> Schema:
    type_ = without_none(field.type)
    if one.source == "file" or is_file(type_):
        many = get_origin(type_) in COLLECTIONS
        schema: Schema = {"type": "array", "items": dict(FILE)} if many else dict(FILE)
        marker = one.parameter.marker(File)
        if marker is not None and marker.max_size is not None:
            (schema["items"] if many else schema)["maxLength"] = marker.max_size
        return schema
    schema = schemas.of(without_null(field.type))
    if field.default not in (msgspec.NODEFAULT, None):
        schema["default"] = msgspec.to_builtins(field.default, enc_hook=str)
    return schema
