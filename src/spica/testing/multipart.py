"""multipart/form-data, written: what a browser sends for a form with files (RFC 7578)."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload.

    Args:    name: the file's name, or its path when no content is given; content: its bytes, default those of the file
             at `name`; content_type: default by the name's ending.
    """

    name: str
    content: bytes | None = None
    content_type: str = ""

    def read(self) -> bytes:
        """Give the content. Raises FileNotFoundError when none was given and no such file exists."""
        return Path(self.name).read_bytes() if self.content is None else self.content

    @property
    def media_type(self) -> str:
        """The content type that goes with it."""
        return self.content_type or mimetypes.guess_type(self.name)[0] or "application/octet-stream"


Part: TypeAlias = "str | File | Sequence[str | File]"
"""What a field of a form with files holds: a text, a file, or several of them."""


def render_multipart(parts: Mapping[str, Part]) -> tuple[bytes, str]:
    """Render form parts.

    Args:    parts: a text, a File or several of them by field name.
    Returns: the content, and the content type with its boundary.
    """
    boundary = secrets.token_hex(16)
    content = b"".join(_part(boundary, name, value) for name, value in _each(parts))
    return content + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _each(parts: Mapping[str, Part]) -> Iterator[tuple[str, str | File]]:
    for name, value in parts.items():
        if isinstance(value, str | File):
            yield name, value
        else:
            yield from ((name, one) for one in value)


def _part(boundary: str, name: str, value: str | File) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if isinstance(value, File):
        head += f'; filename="{_quoted(Path(value.name).name)}"\r\nContent-Type: {value.media_type}'
        return head.encode() + b"\r\n\r\n" + value.read() + b"\r\n"
    return head.encode() + b"\r\n\r\n" + value.encode() + b"\r\n"


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
