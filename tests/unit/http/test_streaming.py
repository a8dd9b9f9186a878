"""spica.http.streaming without a server: what is read of a request, what is sent of a response, what is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from spica.errors.http import HttpError
from spica.http.response import Response
from spica.http.streaming import ContentStream, WholeContent, encode_chunk, iterate, send_stream


class Arrivals:
    """An `Incoming` that has what was put into it; None stands for a wait."""

    def __init__(self, *pieces: bytes | tuple[int, str] | None) -> None:
        self._pieces = list(pieces)
        self.waits = 0
        self.trailers = [("x-sum", "1")]

    def take(self) -> bytes | tuple[int, str] | None:
        return self._pieces.pop(0) if self._pieces else b""

    def arrived(self) -> asyncio.Future[None]:
        self.waits += 1
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Wire:
    """An `Outgoing` that has room for `room` pieces at a time."""

    def __init__(self, room: int = 100, missing: int = 0) -> None:
        self.sent: list[bytes] = []
        self.trailers: list[tuple[str, str]] | None = None
        self.missing = missing
        self.waits = 0
        self._room = room

    def write(self, chunk: Any) -> bool:
        self.sent.append(encode_chunk(chunk))
        return len(self.sent) % self._room != 0

    def room(self) -> asyncio.Future[None]:
        self.waits += 1
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def set_trailers(self, trailers: list[tuple[str, str]]) -> None:
        self.trailers = trailers


async def test_content_is_read_as_it_arrives() -> None:
    arrivals = Arrivals(b"one", None, b"two")
    assert [chunk async for chunk in ContentStream(arrivals)] == [b"one", b"two"]
    assert arrivals.waits == 1


async def test_content_is_read_whole_or_saved(tmp_path: Path) -> None:
    assert await ContentStream(Arrivals(b"one", b"two")).read() == b"onetwo"
    assert await ContentStream(WholeContent(b"all")).save(tmp_path / "all") == 3
    assert (tmp_path / "all").read_bytes() == b"all"
    assert ContentStream(Arrivals()).trailers == [("x-sum", "1")]


async def test_content_that_breaks_off_says_its_status() -> None:
    content = ContentStream(Arrivals(b"one", (413, "too much")))
    with pytest.raises(HttpError, match="too much") as caught:
        await content.read()
    assert caught.value.status == 413


async def test_text_and_octets_are_sent_and_trailers_at_the_end() -> None:
    wire = Wire()
    response = Response.stream(iter(["é", b"2", bytearray(b"3")]), trailers=lambda: [("x-rows", str(len(wire.sent)))])
    assert await send_stream(wire, response)
    assert (wire.sent, wire.trailers) == (["é".encode(), b"2", b"3"], [("x-rows", "3")])


async def test_a_full_wire_is_waited_for() -> None:
    wire = Wire(room=2)
    assert await send_stream(wire, Response.stream(b"x" for _ in range(5)))
    assert wire.waits == 2


async def test_a_generator_that_never_waits_gives_others_their_turn() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await send_stream(Wire(1_000), Response.stream(b"x" for _ in range(100)))
    task.cancel()
    assert turns >= 5


@pytest.mark.parametrize("yielded", [1, None, ["x"]])
async def test_what_cannot_be_sent_is_named_with_the_generator(yielded: Any, caplog: pytest.LogCaptureFixture) -> None:
    closed = False

    async def rows() -> AsyncIterator[Any]:
        nonlocal closed
        try:
            yield yielded
        finally:
            closed = True

    with caplog.at_level(logging.ERROR):
        assert not await send_stream(Wire(), Response.stream(rows()))
    assert closed
    assert "rows broke off" in caplog.messages[0]
    assert f"yields bytes or str, not {type(yielded).__name__}" in caplog.text


async def test_one_that_raises_at_its_first_step_is_not_ended_as_whole(caplog: pytest.LogCaptureFixture) -> None:
    def rows() -> Iterator[str]:
        raise RuntimeError("at the first step")
        yield ""

    assert not await send_stream(Wire(), Response.stream(rows()))
    assert "at the first step" in caplog.text


async def test_one_that_is_shorter_than_it_said_is_not_ended_as_whole(caplog: pytest.LogCaptureFixture) -> None:
    assert not await send_stream(Wire(missing=3), Response.stream(iter(["x"])))
    assert "is 3 bytes shorter than its content-length says" in caplog.text


async def test_iterating_closes_what_is_left() -> None:
    closed = []

    def plain() -> Iterator[str]:
        try:
            yield "1"
            yield "2"
        finally:
            closed.append("plain")

    async def waiting() -> AsyncIterator[str]:
        try:
            yield "1"
            yield "2"
        finally:
            closed.append("async")

    for stream in (plain(), waiting()):
        chunks = iterate(stream)
        assert await anext(chunks) == "1"
        await chunks.aclose()
    assert closed == ["plain", "async"]


@pytest.mark.parametrize("chunks", ["text", b"octets", 3, None])
def test_what_is_no_iterable_of_pieces_is_refused(chunks: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(chunks).__name__}"):
        Response.stream(chunks)
