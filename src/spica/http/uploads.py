"""An uploaded file: what a multipart form carries beside text.

Rules of this file:
- `filename` and `content_type` are the client's claims, shown but never trusted; `filename` has lost its folders.
- Its octets are a part of the request's content, and stay where the core put that: above 64 KiB in a file without a
  name. Nothing is copied until it is read, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from spica.http import media_types
from spica.http.octets import BLOCK_BYTES, MemoryOctets, Slice, SliceFile

_MAX_NAME_BYTES = 255


class UploadFile:
    """One file of a multipart form.

    Args:    filename: as the client named it, reduced to its last part; content: its octets, in memory or a part of a
             request; content_type: as the client claimed it.
    Example:
        >>> upload = UploadFile("../notes.txt", b"hello", "text/plain")
        >>> upload.filename, upload.size, upload.content
        ('notes.txt', 5, b'hello')
    """

    __slots__ = ("_file", "_position", "_slice", "content_type", "filename")

    def __init__(self, filename: str, content: bytes | Slice, content_type: str = media_types.BYTES) -> None:
        self.filename = clean_filename(filename)
        self.content_type = content_type
        if isinstance(content, bytes):
            content = Slice(MemoryOctets(content), 0, len(content))
        self._slice = content
        self._position = 0
        self._file: io.BufferedReader | None = None

    @property
    def size(self) -> int:
        """The number of octets."""
        return self._slice.size

    @property
    def content(self) -> bytes:
        """All octets at once, in memory; for a large file iterate, `read` in pieces, or `save_to` a path."""
        return self._slice.read_at(0, self._slice.size)

    @property
    def file(self) -> io.BufferedReader:
        """The octets as a binary file, for libraries that read one: `Image.open(upload.file)`. It keeps its place."""
        if self._file is None:
            self._file = io.BufferedReader(SliceFile(self._slice), BLOCK_BYTES)
        return self._file

    def peek(self, size: int) -> bytes:
        """The first octets, at most `size` of them, wherever `read` is."""
        return self._slice.read_at(0, size)

    async def read(self, size: int = -1) -> bytes:
        """Return the next octets: at most `size`, all that are left when it is negative; b"" at the end."""
        left = max(self.size - self._position, 0)
        wanted = left if size < 0 else min(size, left)
        blocks = []
        while wanted > 0:
            block = self._slice.read_at(self._position, min(wanted, BLOCK_BYTES))
            self._position += len(block)
            wanted -= len(block)
            blocks.append(block)
            if wanted > 0:
                await asyncio.sleep(0)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    async def seek(self, position: int) -> None:
        """Let the next `read` start at a position, counted from 0. Raises ValueError when it is negative."""
        if position < 0:
            raise ValueError(f"there is nothing at {position}, before the start of the file")
        self._position = position

    def blocks(self) -> Iterator[bytes]:
        """What iterating gives, and the disk is waited for right here: for code that is no coroutine."""
        return self._slice.blocks()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """All octets from the start, a block of at most 256 KiB at a time."""
        for block in self._slice.blocks():
            yield block
            await asyncio.sleep(0)

    async def save_to(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the octets to a path that you chose (never to one made of `filename` alone) and return it.

        The disk is waited for in a thread. A file that can't be written whole is removed.

        Raises:  FileExistsError rather than overwrite, unless told so; OSError as any write.
        """
        return await asyncio.to_thread(self.save, path, overwrite=overwrite)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Do what `save_to` does, and wait for the disk right here: for code that is no coroutine."""
        target = Path(path)
        with target.open("wb" if overwrite else "xb") as file:
            try:
                for block in self._slice.blocks():
                    file.write(block)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
        return target

    def __repr__(self) -> str:
        return f"UploadFile({self.filename!r}, {self.size} bytes, {self.content_type!r})"


def clean_filename(claimed: str) -> str:
    """Reduce a claimed file name to what may be shown and stored.

    Args:    claimed: anything: a path of any system, control characters, thousands of letters.
    Returns: its last part without control, direction and other invisible characters, without dots and spaces at its
             ends, at most 255 bytes of UTF-8 with the ending kept; "" when nothing is left.
    """
    name = claimed.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable()).rstrip(". ")
    # Stripped after the cut: what begins behind it may be a dot, and the name that of a hidden file.
    return name.encode()[-_MAX_NAME_BYTES:].decode("utf-8", "ignore").strip(". ")
