"""The test client's server-sent events: a stream that is read event by event while it is open.

Rules of this file:
- An event is what a browser would deliver: one without data is none, comments keep the stream open and are passed over.
- `reconnect` resumes after the last event that the test has taken, not the last one that has arrived.
Source: HTML Standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from spica.testing.chunks import ChunkReader
from spica.testing.connections import Connect, Connection
from spica.testing.failures import LoggedFailures
from spica.testing.response import ClientResponse, Surroundings

EVENT_TIMEOUT_S = 5.0
_HEAD_TIMEOUT_S = 30.0


class ReceivedEvent(NamedTuple):
    """One event: its data, the name that it was sent with ("message" without one), and the last id at that point."""

    data: str
    event: str
    id: str

    def json(self) -> Any:
        """The data, decoded from JSON."""
        return msgspec.json.decode(self.data)


class StreamEnded(Exception):
    """No event comes any more: the application has ended the stream, or failed in it (then `__cause__` says how)."""


class ClientEvents:
    """A stream of events of a test: `async with client.sse("/events") as events`.

    Args:    connect: opens a connection; target: of the request; fields: makes those of it; last_event_id: resume after
             this one, "" from the start.
    """

    def __init__(
        self,
        connect: Connect,
        target: str,
        fields: Callable[[], Awaitable[Mapping[str, str]]],
        last_event_id: str = "",
    ) -> None:
        self._connect = connect
        self._target = target
        self._fields = fields
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        """How long the application asks clients to wait before they reconnect."""
        self.response: ClientResponse
        """The head of the answer."""
        self._failures = LoggedFailures(target)
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises AssertionError when the answer is no stream of events."""
        self._failures.__enter__()
        try:
            await self._open()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up, as a browser does that leaves the page."""
        self._failures.__exit__()
        if self._connection is not None:
            self._connection.close()
            # The application gets its turn to end what made the stream.
            await asyncio.sleep(0)

    async def next(self, *, timeout_s: float = EVENT_TIMEOUT_S) -> ReceivedEvent:
        """The next event.

        Raises:  StreamEnded when none will come; TimeoutError when none comes in time.
        """
        try:
            event: ReceivedEvent = await self._wait_for(self._take_event, timeout_s)
        except TimeoutError:
            raise TimeoutError(f"no event of {self._target} in {timeout_s:g} s") from None
        return event

    async def reconnect(self) -> None:
        """Lose the connection and come back for what follows the last event, as a browser does by itself."""
        if self._connection is not None:
            self._connection.close()
        await self._open()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReceivedEvent:
        try:
            return await self.next()
        except StreamEnded as end:
            if end.__cause__ is not None:
                raise
            raise StopAsyncIteration from None

    # The rest is private.

    async def _open(self) -> None:
        self._received, self._ended = bytearray(), False
        self._arrived = asyncio.Event()
        self._content: ChunkReader | None = None
        self._lines, self._events = _Lines(self.last_event_id), deque[tuple[ReceivedEvent | None, str]]()
        fields = dict(await self._fields())
        if self.last_event_id:
            fields["last-event-id"] = self.last_event_id
        lines = [f"GET {self._target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        received, ended = self._received, self._arrived

        def sink(data: bytes | None) -> None:
            if data is not None:
                received.extend(data)
            elif received is self._received:  # not that of a connection before this one
                self._ended = True
            ended.set()

        self._connection = self._connect(sink)
        self._connection.feed("\r\n".join(lines).encode("latin-1"))
        head = await self._wait_for(self._take_head, _HEAD_TIMEOUT_S)
        around = Surroundings(fields, self._failures.last)
        self.response = ClientResponse(head, "HEAD", self._target, around)
        if self.response.status != 200 or self.response.headers.get_content_type() != "text/event-stream":
            await self._refuse(head, around)
        chunked = self.response.headers.get("transfer-encoding", "").lower() == "chunked"
        self._content = ChunkReader(chunked=chunked)

    async def _refuse(self, head: bytes, around: Surroundings) -> None:
        length = int(self.response.headers.get("content-length", 0))
        await self._wait_for(lambda: (len(self._received) >= length or self._ended) or None, _HEAD_TIMEOUT_S)
        around.cause = self._failures.last
        answer = ClientResponse(head + bytes(self._received), "GET", self._target, around)
        raise answer.unexpected(f"a stream of events, not {answer.headers.get('content-type')}")

    async def _wait_for(self, take: Callable[[], Any], timeout_s: float) -> Any:
        async with asyncio.timeout(timeout_s):
            while (taken := take()) is None:
                self._arrived.clear()
                await self._arrived.wait()
        return taken

    def _take_head(self) -> bytes | None:
        end = self._received.find(b"\r\n\r\n") + 4
        if end >= 4:
            head = bytes(self._received[:end])
            del self._received[:end]
            return head
        if self._ended:
            raise ConnectionError("the connection ended without an answer")
        return None

    def _take_event(self) -> ReceivedEvent | None:
        assert self._content is not None
        for line in self._lines.split(self._content.take(self._received)):
            self._read_line(line)
        while self._events:
            event, self.last_event_id = self._events.popleft()
            if event is not None:
                return event
        if self._content.is_over or self._ended:
            cause = self._failures.last
            what = "the stream has ended" if self._content.is_over else "the stream broke off"
            raise StreamEnded(f"{what}: {self._target}") from cause
        return None

    def _read_line(self, line: str) -> None:
        lines = self._lines
        if not line:
            event = ReceivedEvent("\n".join(lines.data), lines.event or "message", lines.id) if lines.data else None
            self._events.append((event, lines.id))
            lines.data, lines.event = [], ""
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            lines.data.append(value)
        elif name == "event":
            lines.event = value
        elif name == "id" and "\0" not in value:
            lines.id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)


class _Lines:
    """Octets as lines, and the event that is being read."""

    def __init__(self, last_event_id: str) -> None:
        self._rest = b""
        self.id = last_event_id
        self.data: list[str] = []
        self.event = ""

    def split(self, octets: bytes) -> list[str]:
        """The lines that are whole; our server ends them with LF."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]
