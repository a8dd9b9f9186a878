"""Octets: content that is read piece by piece, from memory or from the file that the core spooled it to.

Rules of this file:
- Nothing here copies what is not asked for: a part of a 2 GiB upload is a start and a length.
- The spooled file has no name. It is gone with the last object that can still read it, however the request ended.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 256 * 1024
"""How much is read at once: some 100 microseconds of work, after which others get their turn."""


class Octets(Protocol):
    """Content of known length that can be read from any place; the core's request is one."""

    @property
    def content_length(self) -> int: ...

    def read_content(self, offset: int, limit: int, /) -> bytes:
        """At most `limit` octets from an offset; b"" at the end."""


class MemoryOctets:
    """Octets that are there already."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def content_length(self) -> int:
        """The number of octets."""
        return len(self._content)

    def read_content(self, offset: int, limit: int, /) -> bytes:
        """At most `limit` octets from an offset; b"" at the end."""
        return self._content[offset : offset + limit]


class Slice:
    """A part of some octets.

    Args:    source: the whole; start: where the part begins; size: its number of octets.
    """

    __slots__ = ("size", "source", "start")

    def __init__(self, source: Octets, start: int, size: int) -> None:
        self.source = source
        self.start = start
        self.size = size

    def read_at(self, offset: int, limit: int) -> bytes:
        """At most `limit` octets from an offset in the part; b"" at its end."""
        wanted = min(limit, self.size - offset)
        return self.source.read_content(self.start + offset, wanted) if wanted > 0 else b""

    def blocks(self) -> Iterator[bytes]:
        """The octets in order, a block at a time."""
        for offset in range(0, self.size, BLOCK_BYTES):
            yield self.read_at(offset, BLOCK_BYTES)


class SliceFile(io.RawIOBase):
    """A part as a file that is read and sought, for libraries that want one. `io.BufferedReader` goes around it."""

    def __init__(self, part: Slice) -> None:
        self._part = part
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer from the current place; 0 at the end."""
        view = memoryview(buffer).cast("B")
        octets = self._part.read_at(self._position, len(view))
        view[: len(octets)] = octets
        self._position += len(octets)
        return len(octets)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; beyond the end there is nothing to read. Raises ValueError for one before the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._part.size}[whence]
        if base + offset < 0:
            raise ValueError(f"there is nothing at {base + offset}, before the start of the file")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The current place."""
        return self._position
