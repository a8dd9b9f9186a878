"""An uploaded file: what a multipart form carries beside text.

Rules: `filename` and `content_type` are the client's claims, shown but never trusted; `filename` has lost its folders.
"""

from __future__ import annotations

from pathlib import Path

from spica.http import media_types

_MAX_NAME = 255


class UploadFile:
    """One file of a multipart form.

    Args:    filename: as the client named it, reduced to its last part; content_type: as the client claimed it;
             content: the octets.
    """

    __slots__ = ("content", "content_type", "filename")

    def __init__(self, filename: str, content: bytes, content_type: str = media_types.BYTES) -> None:
        self.filename = _last_part(filename)
        self.content = content
        self.content_type = content_type

    @property
    def size(self) -> int:
        """The number of octets."""
        return len(self.content)

    def read(self) -> bytes:
        """Return the octets."""
        return self.content

    def save(self, path: str | Path) -> Path:
        """Write the octets to a path that you chose (never to one made of `filename` alone) and return it.

        Raises:  FileExistsError rather than overwrite; OSError as any write.
        """
        target = Path(path)
        with target.open("xb") as file:
            file.write(self.content)
        return target

    def __repr__(self) -> str:
        return f"UploadFile({self.filename!r}, {self.size} bytes, {self.content_type!r})"


def _last_part(filename: str) -> str:
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable()).strip(". ")
    return name[-_MAX_NAME:]
