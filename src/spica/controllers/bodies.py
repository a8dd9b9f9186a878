"""Bodies: the readers that turn a request's content into the type a signature names, by its Content-Type.

Rules of this file:
- JSON and forms where the type can be had from both; `Form()` from forms alone, a record that can't be without a file
  from multipart forms alone.
- Any other Content-Type is a 415 that says what is accepted, never a missing value.
- Without content the default is used, None where the type allows it.
"""

from __future__ import annotations

from typing import Any

from msgspec import inspect as shapes

from spica.controllers.codecs import find_codec, register_adapter
from spica.controllers.file_types import is_file
from spica.controllers.markers import Body, Form
from spica.controllers.pydantic_models import ADAPTER
from spica.controllers.records import build_record_reader
from spica.controllers.submitted import Submitted, submitted_type
from spica.errors.http import FieldError, UnsupportedMediaType
from spica.http import media_types
from spica.http.forms import FORM_TYPES
from spica.http.request import Request
from spica.injection.annotations import without_none
from spica.injection.errors import RefusedValue
from spica.injection.plan import Reader
from spica.injection.refusals import read_hints
from spica.injection.signature import Parameter
from spica.injection.types import allows_none, is_record, is_scalar, is_scalar_list

register_adapter(ADAPTER)


def build_body_reader(parameter: Parameter) -> Reader:
    """Make the reader of a body parameter: JSON decoded straight into the type, or a form in the same shape."""
    form = parameter.marker(Form)
    if form is not None or needs_file(parameter.bare_type):
        return build_form_reader(parameter, form.name if form is not None else None)
    default = parameter.default
    optional = not parameter.required or allows_none(parameter.bare_type)
    absent = default if not parameter.required else None
    codec = find_codec(parameter.type)
    decode = codec.decode

    def read(ctx: Any) -> object:
        request = ctx.request
        native = request.native
        if optional and not native.has_content:
            return absent
        media_type = request.content_type
        if media_types.is_json(media_type):
            return decode(native.content)
        if media_type in FORM_TYPES:
            return codec.convert(request.form(), "body", pairs=request.form_pairs)
        raise refuse_media_type(media_type, media_types.JSON, *FORM_TYPES)

    return read


def build_form_reader(parameter: Parameter, name: str | None) -> Reader:
    """Make the reader of a record that is a whole form, or the group of a name in it."""
    accepted = (media_types.MULTIPART,) if needs_file(parameter.bare_type) else FORM_TYPES
    return build_record_reader(
        parameter, name, "body", lambda ctx: read_form(ctx.request, accepted), lambda ctx: ctx.request.form_pairs
    )


def build_submitted_reader(parameter: Parameter) -> Reader:
    """Make the reader of a form that the action judges itself: `form: Submitted[PostIn]`."""
    type_ = submitted_type(without_none(parameter.bare_type))
    marker = parameter.marker(Form)
    group = (marker.name if marker is not None else None) or ""
    codec = find_codec(type_)
    accepted = (media_types.MULTIPART,) if needs_file(type_) else FORM_TYPES

    def read(ctx: Any) -> object:
        request = ctx.request
        values: Any = read_form(request, accepted)
        if group:
            values = values.get(group)
        values = values if isinstance(values, dict) else {}
        try:
            data = codec.convert(values, "body", pairs=request.form_pairs, name=group)
        except RefusedValue as refused:
            return Submitted.refused(values, refused.errors, group)
        return Submitted.accepted(values, data)

    return read


def build_form_field_reader(parameter: Parameter, name: str) -> Reader:
    """Make the reader of one field of a form, or of all fields of its name where the type is a list."""
    codec = find_codec(parameter.type)
    required, default, nullable = parameter.required, parameter.default, allows_none(parameter.bare_type)
    is_list = is_scalar_list(parameter.bare_type)
    wants_text = without_none(parameter.bare_type) is str

    def read(ctx: Any) -> object:
        request = ctx.request
        form = read_form(request, FORM_TYPES)
        value: Any = form.get(name)
        if is_list and value is not None and not isinstance(value, list):
            value = [text for key, text in request.form_pairs if key == name]
        if value is None or (value == "" and not wants_text and (nullable or not required)):
            if required and not nullable:
                raise missing(name)
            return default if not required else None
        try:
            return codec.convert(value, "body", pairs=request.form_pairs, name=name)
        except RefusedValue as refused:
            raise RefusedValue([error._replace(name=error.name or name) for error in refused.errors]) from None

    return read


def read_form(request: Request, accepted: tuple[str, ...]) -> dict[str, Any]:
    """The form of a request; {} when it has no content at all. Raises UnsupportedMediaType for other content."""
    media_type = request.content_type
    if media_type not in accepted and (media_type or request.native.has_content):
        raise refuse_media_type(media_type, *accepted)
    return request.form()


def refuse_media_type(media_type: str, *accepted: str) -> UnsupportedMediaType:
    """Make the 415 that says which types are read here (RFC 9110 section 15.5.16)."""
    return UnsupportedMediaType(
        f"this is read from {' or '.join(accepted)}, not from {media_type or 'content without a Content-Type'}",
        fields=[("accept", ", ".join(accepted))],
    )


def missing(name: str) -> RefusedValue:
    """Make the refusal of a field that was not sent."""
    return RefusedValue([FieldError("body", name, "is missing", "missing", f"#/{name}")])


def is_form_field(parameter: Parameter) -> bool:
    """Whether a parameter with `Form()` is one field of the form, and not all of it."""
    return is_scalar(parameter.bare_type) or is_scalar_list(parameter.bare_type)


def is_whole_body(parameter: Parameter) -> bool:
    """Whether a marked parameter takes all of the content."""
    form = parameter.marker(Form)
    return parameter.marker(Body) is not None or (
        form is not None and form.name is None and not is_form_field(parameter)
    )


def needs_file(type_: Any) -> bool:
    """Whether a record has a field that only a file can fill."""
    record = without_none(type_)
    if not is_record(record):
        return False
    hints = read_hints(record)
    shape: Any = shapes.type_info(record)
    return any(field.required and is_file(hints[field.name]) for field in shape.fields)
