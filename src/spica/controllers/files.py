"""Files: readers of uploads, with the limits that a signature sets.

Rules of this file:
- A claim is not believed where it can be checked: of types with a known beginning the first octets must agree.
- What is wrong with a file is an error of its field, beside those of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, get_origin

from spica.controllers.bodies import missing, read_form
from spica.controllers.file_types import is_file
from spica.controllers.markers import File
from spica.errors.http import FieldError
from spica.http import media_types
from spica.http.params import numbered
from spica.http.uploads import UploadFile
from spica.injection.annotations import without_none
from spica.injection.errors import RefusedValue, SignatureError
from spica.injection.plan import Reader
from spica.injection.signature import Parameter
from spica.injection.types import allows_none, type_name

SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
    "application/zip": (b"PK\x03\x04", b"PK\x05\x06"),
}
_MULTIPART_ONLY = (media_types.MULTIPART,)


def build_file_reader(parameter: Parameter) -> Reader:
    """Make the reader of one file, or of all files of a name where the type is a list; `bytes` gets the content.

    Raises: SignatureError when the type can't hold a file.
    """
    marker = parameter.marker(File) or File()
    name = marker.name or parameter.name
    type_ = without_none(parameter.bare_type)
    if type_ is not bytes and not is_file(type_):
        raise SignatureError(
            f"{parameter.name!r} is marked File(), and is {type_name(type_)}",
            where=parameter.where,
            why="a file is an UploadFile, several are a list[UploadFile]; bytes gets the whole content",
            fix=f"write {parameter.name}: Annotated[UploadFile, File()], or Form() for a text field",
        )
    collection = get_origin(type_)
    read_all = _build_reader_of_all(name, marker)
    required, default = parameter.required, parameter.default
    nullable = allows_none(parameter.bare_type)

    def read(ctx: Any) -> object:
        files = read_all(ctx)
        if not files:
            if not required:
                return default
            if nullable:
                return None
            raise missing(name)
        if collection is not None:
            return collection(files)
        return files[-1].content if type_ is bytes else files[-1]

    return read


def _build_reader_of_all(name: str, marker: File) -> Callable[[Any], list[UploadFile]]:
    names = (name, f"{name}[]")

    def read(ctx: Any) -> list[UploadFile]:
        form = read_form(ctx.request, _MULTIPART_ONLY)
        sent = [value for key, value in ctx.request.form_pairs if key in names]
        sent = sent or numbered(form.get(name)) or []
        errors: list[FieldError] = []
        for index, value in enumerate(sent):
            errors.extend(_check(value, marker, name if len(sent) == 1 else f"{name}[{index}]"))
        if errors:
            raise RefusedValue(errors)
        return sent

    return read


def _check(value: Any, marker: File, name: str) -> list[FieldError]:
    pointer = "#/" + name.replace("[", "/").replace("]", "")
    if not isinstance(value, UploadFile):
        return [FieldError("body", name, "is no file", "type", pointer)]
    if marker.max_size is not None and value.size > marker.max_size:
        text = f"is larger than {write_size(marker.max_size)}"
        return [FieldError("body", name, text, "too_large", pointer)]
    if marker.types and not any(fnmatchcase(value.content_type, accepted) for accepted in marker.types):
        text = f"is {value.content_type}, and must be {' or '.join(marker.types)}"
        return [FieldError("body", name, text, "media_type", pointer)]
    if marker.types and not _begins_as_claimed(value):
        return [FieldError("body", name, f"does not begin as {value.content_type} does", "media_type", pointer)]
    return []


def write_size(size: int) -> str:
    """Write a number of octets for people: `5 MB`, `64 KiB`, `300 bytes`."""
    for unit, factor in (("GB", 10**9), ("GiB", 2**30), ("MB", 10**6), ("MiB", 2**20), ("kB", 10**3), ("KiB", 2**10)):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} bytes"


def _begins_as_claimed(upload: UploadFile) -> bool:
    beginnings = SIGNATURES.get(upload.content_type)
    return beginnings is None or upload.peek(16).startswith(beginnings)
