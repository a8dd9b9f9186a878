"""The content of a request from another server: read whole before the handler runs, or streamed to it.

Rules of this file:
- What is larger than 64 KiB goes to a file without a name, as on our own server (core/server/src/spool.rs): it is gone
  with the last object that can still read it, however the request ends.
- The limit counts octets as they arrive; nothing is read beyond it.
- A client that goes away before its content is whole has no handler to tell: `Disconnected` ends its request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any, TypeAlias

from spica.errors.http import HttpError
from spica.http.streaming import Fields

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]

IN_MEMORY_BYTES = 64 * 1024
_INSUFFICIENT_STORAGE = 507


class Disconnected(Exception):
    """The client went away before its request was whole, or before it was answered."""


class WholeContent:
    """Content that has arrived: octets in memory, or a file."""

    __slots__ = ("content", "file")

    def __init__(self, content: bytes = b"", file: IO[bytes] | None = None) -> None:
        self.content = content
        self.file = file

    @property
    def spooled(self) -> int | None:
        """The file's descriptor; None for content in memory."""
        return self.file.fileno() if self.file is not None else None

    def close(self) -> None:
        """Let go of the file. A request that was built with its descriptor has one of its own."""
        if self.file is not None:
            self.file.close()


async def read_content(receive: Receive, limit: int) -> WholeContent | None:
    """Read the whole content.

    Args:    receive: of the ASGI scope; limit: octets.
    Returns: the content, to be closed; None when it is larger than the limit.
    Raises:  Disconnected; HttpError 507 when the disk is full.
    """
    chunks: list[bytes] = []
    size = 0
    whole = WholeContent()
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                whole.close()
                return None
            chunks.append(chunk)
            is_last = not message.get("more_body", False)
            if size > IN_MEMORY_BYTES:
                _spool(whole, chunks)
            if is_last:
                whole.content = b"".join(chunks)
                return whole
    except BaseException:
        whole.close()
        raise


def _spool(whole: WholeContent, chunks: list[bytes]) -> None:
    import tempfile  # here, not above: an application whose requests are small never needs it

    try:
        if whole.file is None:
            whole.file = tempfile.TemporaryFile()  # noqa: SIM115 - its owner closes it
        for chunk in chunks:
            whole.file.write(chunk)
        whole.file.flush()  # a full disk is told here, and not by a close that nobody looks at
    except OSError as error:
        raise HttpError("the content could not be stored", status=_INSUFFICIENT_STORAGE) from error
    chunks.clear()


class StreamedContent:
    """Content that ASGI delivers while a handler reads it, for `ContentStream`."""

    trailers: Fields = []

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self._taken: bytes | tuple[int, str] | None = None
        self._ended = False
        self._read = asyncio.Event()

    def take(self) -> bytes | tuple[int, str] | None:
        """What has arrived; see `spica.http.streaming.Incoming`."""
        if self._taken is None and self._ended:
            return b""
        taken, self._taken = self._taken, None if isinstance(self._taken, bytes) else self._taken
        return taken

    def arrived(self) -> asyncio.Future[None]:
        """Ask for more."""
        return asyncio.ensure_future(self._pull())

    async def rest(self) -> Message:
        """`receive` for who only waits for the end of the connection: not before the handler has read its content."""
        await self._read.wait()
        return await self._receive()

    async def _pull(self) -> None:
        message = await self._receive()
        chunk = message.get("body", b"")
        self._left -= len(chunk)
        if message["type"] == "http.disconnect":
            self._taken, self._ended = (400, "the client went away"), True
        elif self._left < 0:
            self._taken, self._ended = (413, "the content is larger than the limit"), True
        else:
            self._taken, self._ended = chunk or None, not message.get("more_body", False)
        if self._ended:
            self._read.set()
