"""spica.http.events and keep_alive: what an event is on the wire, what can't break it, what a silent stream says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.http.errors import InvalidEvent, UnencodableValue
from spica.http.events import Event, build_keep_alive, encode_events
from spica.http.keep_alive import Heartbeat, KeepAlive
from spica.http.response import Response
from spica.http.streaming import send_stream
from tests.requests import make_context, make_request


def parse(octets: bytes) -> list[dict[str, Any]]:
    """What a browser makes of a stream: HTML Standard, section 9.2.6, step by step."""
    events, data, kind, last_id, retry = [], [], "", "", None
    text = octets.decode().replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n")[:-1]:
        if not line:
            if data:
                events.append({"data": "\n".join(data), "event": kind or "message", "id": last_id, "retry": retry})
            data, kind = [], ""
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and value.isdigit():
            retry = int(value)
    return events


@pytest.mark.parametrize(
    ("event", "octets"),
    [
        (Event("hello"), b"data: hello\n\n"),
        (Event({"a": [1, None]}), b'data: {"a":[1,null]}\n\n'),
        (Event(None), b"data: null\n\n"),
        (Event(7, event="tick", id=3, retry=timedelta(seconds=2)), b"event: tick\nid: 3\nretry: 2000\ndata: 7\n\n"),
        (Event("<p>\n</p>"), b"data: <p>\ndata: </p>\n\n"),
        (Event(" indented"), b"data:  indented\n\n"),
        (Event(""), b"data: \n\n"),
        (Event(event="ping"), b"event: ping\ndata: \n\n"),
        (Event(retry=100), b"retry: 100\n\n"),
        (Event("x", event="", id=""), b"id: \ndata: x\n\n"),
    ],
)
def test_octets(event: Event, octets: bytes) -> None:
    assert event.encode() == octets


@given(st.text(), st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])))
def test_what_is_sent_arrives_as_one_event(data: str, name: str) -> None:
    arrived = parse(Event(data, event=name, id="7").encode())
    expected = data.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    assert arrived == [{"data": expected, "event": name or "message", "id": "7", "retry": None}]


@pytest.mark.parametrize(
    "data", ["x\n\nevent: admin\ndata: y", "x\r\rdata: y", "x\r\n\r\nid: 9", "\0", "a\x85b\u2028c\x0bd"]
)
def test_data_can_not_end_its_event(data: str) -> None:
    (event,) = parse(Event(data, id="1").encode())
    assert (event["event"], event["id"]) == ("message", "1")
    assert event["data"] == data.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\ndata: b", "a\0b", "\n"])
def test_names_and_ids_are_one_line(text: str) -> None:
    with pytest.raises(InvalidEvent, match="the name of an event"):
        Event("x", event=text)
    with pytest.raises(InvalidEvent, match="the id of an event"):
        Event("x", id=text)


@pytest.mark.parametrize("retry", [-1, 1.5, True, "3000", timedelta(seconds=-1)])
def test_retry_is_milliseconds(retry: Any) -> None:
    with pytest.raises(InvalidEvent):
        Event(retry=retry)


async def test_what_is_no_event_is_the_data_of_one_and_the_generator_is_closed() -> None:
    closed = []

    async def events() -> AsyncIterator[object]:
        try:
            yield {"n": 1}
            yield Event("two", id=2)
            yield "three"
        finally:
            closed.append("async")

    def plain() -> Iterator[object]:
        try:
            yield 1
            yield 2
        finally:
            closed.append("plain")

    assert [octets async for octets in encode_events(events())] == [
        b'data: {"n":1}\n\n',
        b"id: 2\ndata: two\n\n",
        b"data: three\n\n",
    ]
    stream = encode_events(plain())
    assert await anext(stream) == b"data: 1\n\n"
    await stream.aclose()
    assert closed == ["async", "plain"]


async def test_data_without_a_json_form_ends_the_stream() -> None:
    async def events() -> AsyncIterator[object]:
        yield object

    with pytest.raises(UnencodableValue):
        await anext(encode_events(events()))


def test_the_response() -> None:
    response = Response.events(iter([1]))
    assert response.fields == [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ]
    assert response.keep_alive == KeepAlive(15.0, b":\n\n")
    assert Response.events(iter([1]), keep_alive_s=0).keep_alive is None
    for whole in ("text", b"octets", 7):
        with pytest.raises(TypeError):
            Response.events(whole)  # type: ignore[arg-type]


def test_the_last_event_id() -> None:
    assert make_context().last_event_id is None
    field = {"last-event-id": "ü7".encode().decode("latin-1")}
    assert make_context(make_request(fields=field)).last_event_id == "ü7"


class Wire:
    """An `Outgoing` that tells when something was written."""

    missing = 0

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.has_room = True
        self.written = asyncio.Event()

    def write(self, chunk: Any) -> bool:
        self.sent.append(chunk)
        self.written.set()
        return self.has_room

    def room(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def set_trailers(self, trailers: list[tuple[str, str]]) -> None: ...


async def test_a_silent_stream_says_something_until_it_ends() -> None:
    wire, go_on = Wire(), asyncio.Event()

    async def events() -> AsyncIterator[object]:
        yield "first"
        await go_on.wait()
        yield "last"

    sending = asyncio.ensure_future(send_stream(wire, Response.events(events(), keep_alive_s=0.001)))  # type: ignore[arg-type]
    while len(wire.sent) < 3:
        wire.written.clear()
        await wire.written.wait()
    go_on.set()
    assert await sending
    assert (wire.sent[0], wire.sent[-1]) == (b"data: first\n\n", b"data: last\n\n")
    assert set(wire.sent[1:-1]) == {b":\n\n"}


async def test_nothing_is_said_to_who_does_not_read_or_before_its_time() -> None:
    wire = Wire()
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat(wire, KeepAlive(10.0, b":\n\n"))
    heartbeat._beat()
    assert wire.sent == [], "not silent for long enough"
    heartbeat._spoke_at = loop.time() - 11
    heartbeat._beat()
    assert wire.sent == [b":\n\n"]
    wire.has_room = False
    heartbeat.write(b"data: x\n\n")
    heartbeat._spoke_at = loop.time() - 11
    heartbeat._beat()
    assert wire.sent == [b":\n\n", b"data: x\n\n"], "it has no room"
    assert heartbeat._timer.when() > loop.time(), "and is not asked again at once"
    heartbeat.stop()
    assert heartbeat._timer.cancelled()


def test_no_keep_alive() -> None:
    assert build_keep_alive(0) is None
