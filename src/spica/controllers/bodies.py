"""Bodies: the reader that turns a request's content into the type a signature names, from JSON or a form."""

from __future__ import annotations

from typing import Any

import msgspec

from spica.controllers.convert import convert_record, find_field_errors
from spica.controllers.types import allows_none
from spica.errors.http import UnsupportedMediaType
from spica.http import json, media_types
from spica.http.forms import FORM_TYPES
from spica.injection.errors import RefusedValue
from spica.injection.plan import Reader
from spica.injection.signature import Parameter


def build_body_reader(parameter: Parameter) -> Reader:
    """Make the reader of a body parameter.

    JSON is decoded straight into the type; a form's nested names become the same shape first. Without content the
    default is used, None where the type allows it.
    """
    type_, default = parameter.type, parameter.default
    optional = not parameter.required or allows_none(parameter.bare_type)
    absent = default if not parameter.required else None
    decode = msgspec.json.Decoder(type_).decode

    def read(ctx: Any) -> object:
        request = ctx.request
        content: bytes = request.native.content
        if not content and optional:
            return absent
        media_type = request.content_type
        if media_types.is_json(media_type):
            json.check_depth(content)
            try:
                return decode(content)
            except msgspec.ValidationError as error:
                errors = find_field_errors(json.decode(content), type_, "body", error, strict=True)
                raise RefusedValue(errors) from None
            except json.DECODE_ERRORS as error:
                raise json.malformed(content, error) from error
        if media_type in FORM_TYPES:
            return convert_record(request.form(), type_, "body", strict=False)
        raise UnsupportedMediaType(
            f"this needs JSON or a form, and got {media_type or 'content without a Content-Type'}",
            fields=[("accept", ", ".join((media_types.JSON, *FORM_TYPES)))],
        )

    return read
