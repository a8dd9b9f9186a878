"""Server-sent events: `Event`, its octets, and the stream that carries it.

Rules of this file:
- Text is sent as it is, anything else as JSON; every line break that a client knows (CR LF, CR, LF) starts a new `data`
  line, so nothing in the data can end the event or begin another field.
- An event's name and id are one line; what can't be one is refused when the Event is made.
- A silent stream gets a comment now and then, so that proxies keep it open and a client that is gone is noticed.
Source: HTML Standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable
from datetime import timedelta
from typing import Any

import msgspec

from spica.http import json
from spica.http.errors import InvalidEvent
from spica.http.keep_alive import KeepAlive
from spica.http.streaming import Streamable, close_stream

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_S = 15.0
FIELDS = (
    ("content-type", EVENT_STREAM),
    ("cache-control", "no-store"),
    # nginx would hold events back until its buffer is full.
    ("x-accel-buffering", "no"),
)
"""The fields of a stream of events."""

_COMMENT = b":\n\n"
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_NO_LINE = re.compile(r"[\r\n\0]").search


class Event:
    """One event of a stream.

    Args:    data: text is sent as it is, anything else as JSON; event: what the client listens for, default "message";
             id: comes back as `ctx.last_event_id` when the client reconnects; retry: how long it waits before it does,
             in milliseconds or as a timedelta.
    Raises:  InvalidEvent for a name or id of several lines, or a negative time.
    Example:
        >>> Event({"total": 7}, event="order", id=3).encode()
        b'event: order\\nid: 3\\ndata: {"total":7}\\n\\n'
    """

    __slots__ = ("data", "event", "id", "retry_ms")

    def __init__(
        self,
        data: object = msgspec.UNSET,
        *,
        event: str | None = None,
        id: str | int | None = None,
        retry: int | timedelta | None = None,
    ) -> None:
        self.data = data
        self.event = _check_line("name", event) if event is not None else None
        self.id = _check_line("id", str(id)) if id is not None else None
        self.retry_ms = _check_retry(retry) if retry is not None else None

    def encode(self) -> bytes:
        """The octets of the event. Raises UnencodableValue when its data has no JSON form."""
        lines = []
        if self.event:
            lines.append(f"event: {self.event}")
        if self.id is not None:
            lines.append(f"id: {self.id}")
        if self.retry_ms is not None:
            lines.append(f"retry: {self.retry_ms}")
        data = self.data
        if data is not msgspec.UNSET or self.event:  # an event without data is never delivered
            lines += [f"data: {line}" for line in _LINE_BREAK.split(_text_of(data))]
        return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"Event({self.data!r}, event={self.event!r}, id={self.id!r})"


async def encode_events(events: Streamable | AsyncIterable[Any]) -> AsyncGenerator[bytes, None]:
    """Encode what a handler yields, each as one event; what is no Event becomes the data of one."""
    try:
        if isinstance(events, AsyncIterable):
            async for event in events:
                yield (event if isinstance(event, Event) else Event(event)).encode()
        else:
            for event in events:
                yield (event if isinstance(event, Event) else Event(event)).encode()
    finally:
        await close_stream(events)


def build_keep_alive(seconds: float) -> KeepAlive | None:
    """What keeps a stream of events open: a comment after so many seconds of silence; 0 is none."""
    return KeepAlive(seconds, _COMMENT) if seconds > 0 else None


def _text_of(data: object) -> str:
    if data is msgspec.UNSET:
        return ""
    if isinstance(data, str):
        return data
    return json.encode(data).decode()


def _check_line(part: str, text: str) -> str:
    if _NO_LINE(text):
        raise InvalidEvent(
            f"the {part} of an event holds a line break or NUL: {text[:80]!r}",
            why="what follows the break would be read as a field of its own",
            fix=f"keep the {part} on one line; data may have as many as it likes",
        )
    return text


def _check_retry(retry: int | timedelta) -> int:
    milliseconds = retry // timedelta(milliseconds=1) if isinstance(retry, timedelta) else retry
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int) or milliseconds < 0:
        raise InvalidEvent(
            f"retry is {retry!r}",
            why="clients take whole milliseconds, and only digits",
            fix="pass milliseconds, or a timedelta: Event(retry=timedelta(seconds=3))",
        )
    return milliseconds
