"""Conversion of what the client sent into the types a signature names, with every rejected field listed.

Rules of this file:
- Text is converted leniently ("7" is an int), JSON strictly (a number is a number).
- The way that works is one call into msgspec. Only a failure is taken apart, field by field.
- Messages are for the client: they name what was expected, never our classes or the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect as shapes

from spica.controllers.types import is_record, takes_text_as_it_is, without_none
from spica.errors.http import FieldError
from spica.injection.errors import RefusedValue

Convert = Callable[[str], object]

_SWITCHES = {"on": "true", "off": "false", "yes": "true", "no": "false"}
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def build_text_converter(type_: Any) -> Convert | None:
    """Make the function that turns one text into a type; None where text is what is wanted.

    The result raises msgspec.ValidationError.
    """
    if takes_text_as_it_is(type_):
        return None
    convert = msgspec.convert
    if without_none(type_) is bool:
        return lambda text: convert(_SWITCHES.get(text.lower(), text), type_, strict=False)
    return lambda text: convert(text, type_, strict=False)


def convert_record(value: Any, type_: Any, source: str, *, strict: bool) -> object:
    """Convert a decoded body.

    Args:    value: dicts, lists and scalars; type_: what the signature names; source: for the errors; strict: False
             for forms, whose values are all text.
    Raises:  RefusedValue with an error for each field that doesn't fit.
    """
    try:
        return msgspec.convert(value, type_, strict=strict)
    except msgspec.ValidationError as error:
        raise RefusedValue(find_field_errors(value, type_, source, error, strict=strict)) from None


def find_field_errors(
    value: Any, type_: Any, source: str, error: msgspec.ValidationError, *, strict: bool
) -> list[FieldError]:
    """List what is wrong with each field of a value that was refused as a whole."""
    record = without_none(type_)
    if not is_record(record) or not isinstance(value, dict):
        return [_field_error(source, "", str(error))]
    errors: list[FieldError] = []
    _collect(value, record, source, "", errors, strict=strict)
    return errors or [_field_error(source, "", str(error))]


def build_message(text: str) -> str:
    """Write one of msgspec's messages for the client, without its backticks and its place."""
    text = _PLACE.sub("", text).replace("`", "")
    return text[:1].lower() + text[1:]


def _collect(
    value: dict[str, Any], record: Any, source: str, prefix: str, errors: list[FieldError], *, strict: bool
) -> None:
    shape: Any = shapes.type_info(record)
    annotations = get_type_hints(record, include_extras=True)
    known = set()
    for field in shape.fields:
        name = field.encode_name
        known.add(name)
        if name not in value:
            if field.required:
                errors.append(FieldError(source, prefix + name, "is missing"))
            continue
        type_ = annotations[field.name]
        try:
            msgspec.convert(value[name], type_, strict=strict)
        except msgspec.ValidationError as error:
            inner = without_none(type_)
            if is_record(inner) and isinstance(value[name], dict):
                _collect(value[name], inner, source, f"{prefix}{name}.", errors, strict=strict)
            else:
                errors.append(_field_error(source, prefix + name, str(error)))
    if getattr(shape, "forbid_unknown_fields", False):
        errors.extend(FieldError(source, prefix + name, "is unknown") for name in value if name not in known)


def _field_error(source: str, name: str, text: str) -> FieldError:
    place = _PLACE.search(text)
    if place is not None:
        name = (name + place["path"]).lstrip(".")
    return FieldError(source, name, build_message(text))
