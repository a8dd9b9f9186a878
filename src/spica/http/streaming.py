"""Streaming: a request's content as it arrives, and a response's as it is made.

Rules of this file:
- Who is faster waits: a handler that reads nothing stops its client, a client that reads nothing stops its handler.
- However a streamed response ends (to its end, by an exception, by a client that is gone), its generator is closed, so
  that every `finally` runs.
- A response that fails half-way is never ended as if it were whole: the connection is, and the error is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from spica.errors.http import HttpError
from spica.http.keep_alive import Heartbeat, KeepAlive

if TYPE_CHECKING:
    from spica.http.response import Response

Chunk: TypeAlias = bytes | bytearray | str
Streamable: TypeAlias = AsyncIterable[Chunk] | Iterable[Chunk]
Fields: TypeAlias = list[tuple[str, str]]

# A generator that never waits gives the event loop a turn after this many chunks.
_CHUNKS_A_TURN = 16
_log = logging.getLogger("spica.http")


class Incoming(Protocol):
    """Where a request's content arrives; `_core.IncomingContent` is one."""

    def take(self) -> bytes | tuple[int, str] | None: ...
    def arrived(self) -> asyncio.Future[None]: ...
    @property
    def trailers(self) -> Fields: ...


class Writable(Protocol):
    """Takes a response's content piece by piece; `write` says whether there is room for more, else await `room`."""

    def write(self, chunk: Chunk) -> bool: ...
    def room(self) -> Awaitable[None]: ...


class Outgoing(Writable, Protocol):
    """Where a response's content goes; `_core.OutgoingContent` is one."""

    def set_trailers(self, trailers: Fields) -> None: ...
    @property
    def missing(self) -> int: ...


class WholeContent:
    """Content that has arrived already, as an `Incoming`."""

    trailers: Fields = []

    def __init__(self, content: bytes) -> None:
        self._content = content

    def take(self) -> bytes:
        """All of it, then b""."""
        content, self._content = self._content, b""
        return content

    def arrived(self) -> asyncio.Future[None]:
        """Never asked: there is always something to take."""
        raise NotImplementedError


class ContentStream(AsyncIterator[bytes]):
    """The content of a request, as it arrives.

    A handler that names this type for a parameter is called when the request's head is complete:

    Example:
        >>> async def upload(content: ContentStream) -> dict[str, int]:
        ...     size = 0
        ...     async for chunk in content:
        ...         size += len(chunk)
        ...     return {"size": size}
    """

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming

    def __aiter__(self) -> ContentStream:
        return self

    async def __anext__(self) -> bytes:
        """The next octets, as many as have arrived.

        Raises: HttpError with the status that fits when the content breaks off or is refused: 400, 408, 413.
        """
        while (chunk := self._incoming.take()) is None:
            await self._incoming.arrived()
        if isinstance(chunk, tuple):
            status, reason = chunk
            raise HttpError(reason, status=status)
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def read(self) -> bytes:
        """Read the rest, into memory. Raises as iterating does."""
        return b"".join([chunk async for chunk in self])

    async def save(self, path: Path | str) -> int:
        """Write the rest into a file. Returns the octets written; raises as iterating does, and OSError."""
        size = 0
        with open(path, "wb") as file:  # noqa: ASYNC230 - a write to the page cache is shorter than a thread's hand-over
            async for chunk in self:
                size += file.write(chunk)
        return size

    @property
    def trailers(self) -> Fields:
        """The trailer fields as (lower-case name, value); [] before the end."""
        return self._incoming.trailers


async def send_stream(outgoing: Outgoing, response: Response) -> bool:
    """Send what a response's stream yields.

    Returns: whether all of it was sent, so that the response may be ended as whole.
    """
    stream, keep_alive = response.stream, response.keep_alive
    response.has_left = True
    try:
        if keep_alive is None:
            await _send_all(outgoing, stream)
        else:
            await _send_all_alive(outgoing, stream, keep_alive)
        if response.trailers is not None:
            outgoing.set_trailers(response.trailers())
    except (Exception, SystemExit, KeyboardInterrupt):  # the latter two would end the event loop
        _log.exception("the streamed response of %s broke off", describe_stream(stream))
        return False
    finally:
        await close_stream(stream)
    if outgoing.missing:
        _log.error(
            "the streamed response of %s is %d bytes shorter than its content-length says",
            describe_stream(stream),
            outgoing.missing,
        )
    return not outgoing.missing


def check_streamable(chunks: object) -> None:
    """Refuse what can't be sent piece by piece. Raises TypeError."""
    if isinstance(chunks, (str, bytes, bytearray)) or not isinstance(chunks, (AsyncIterable, Iterable)):
        raise TypeError(
            f"Response.stream takes a generator or another iterable of bytes or str, not {type(chunks).__name__}"
        )


def encode_chunk(chunk: Chunk) -> bytes:
    """The octets of a piece, as the core sends them. Raises TypeError for what is neither text nor octets."""
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, (bytes, bytearray)):
        return bytes(chunk)
    raise TypeError(f"a streamed response yields bytes or str, not {type(chunk).__name__}")


def name_after(wrapper: AsyncGenerator[Chunk, None], stream: Streamable) -> AsyncGenerator[Chunk, None]:
    """Have the log call a generator that passes on another stream by that one's name."""
    wrapper.__qualname__ = describe_stream(stream)  # type: ignore[attr-defined]  # typeshed forgot it
    return wrapper


def describe_stream(stream: Streamable) -> str:
    """The generator's name, for the log: what it yields that can't be sent is in no traceback of its own."""
    return str(getattr(stream, "__qualname__", None) or type(stream).__qualname__)


async def iterate(stream: Streamable) -> AsyncGenerator[Chunk, None]:
    """Iterate a plain or an async iterable alike; it is closed at the end, however that comes."""
    try:
        if isinstance(stream, AsyncIterable):
            async for chunk in stream:
                yield chunk
        else:
            for chunk in stream:
                yield chunk
    finally:
        await close_stream(stream)


async def _send_all_alive(outgoing: Outgoing, stream: Streamable, keep_alive: KeepAlive) -> None:
    heartbeat = Heartbeat(outgoing, keep_alive)
    try:
        await _send_all(heartbeat, stream)
    finally:
        heartbeat.stop()


async def _send_all(outgoing: Writable, stream: Streamable) -> None:
    turn = 0
    if isinstance(stream, AsyncIterable):
        async for chunk in stream:
            turn = await _send(outgoing, chunk, turn)
    else:
        for chunk in stream:
            turn = await _send(outgoing, chunk, turn)


async def _send(outgoing: Writable, chunk: Chunk, turn: int) -> int:
    if not outgoing.write(chunk):
        await outgoing.room()
    if turn < _CHUNKS_A_TURN:
        return turn + 1
    await asyncio.sleep(0)
    return 0


async def close_stream(stream: object) -> None:
    """Close what was iterated, if it can be closed: a generator's `finally` blocks run now."""
    close: Callable[[], object] | None = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if close is not None:
        closing = close()
        if hasattr(closing, "__await__"):
            await closing
