"""Content that is read while it arrives, chunked or until the connection ends. Source: RFC 9112 section 7.1."""

from __future__ import annotations

_LINE_END = b"\r\n"


class ChunkReader:
    """Takes the content out of what has arrived; `is_over` once its last chunk has come.

    Args:    chunked: whether it is framed in chunks; otherwise all that comes is content.
    """

    def __init__(self, *, chunked: bool) -> None:
        self._chunked = chunked
        self._left = 0  # of the chunk that is being read, its CR LF included
        self.is_over = False

    def take(self, received: bytearray) -> bytes:
        """Remove what can be read from the front, and return the content in it."""
        if not self._chunked:
            taken = bytes(received)
            received.clear()
            return taken
        content = bytearray()
        while not self.is_over and received:
            if not self._left and not self._begin(received):
                break
            if self.is_over:
                break
            part = bytes(received[: self._left])
            del received[: self._left]
            content += part[: max(0, self._left - 2)]
            self._left -= len(part)
        return bytes(content)

    def _begin(self, received: bytearray) -> bool:
        """Read a chunk's size; False when its line has not all arrived."""
        end = received.find(_LINE_END)
        if end < 0:
            return False
        size = int(bytes(received[:end]).partition(b";")[0], 16)
        del received[: end + 2]
        self._left = size + 2
        self.is_over = size == 0
        return True
