"""Content that streams, both ways, under our server and under uvicorn: order, backpressure, ends good and bad."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ANNOUNCED, RunningServer, serving, started

APP = """
import asyncio
import hashlib
from typing import Annotated

from spica import App, ContentStream, Context, Provide, Response

app = App()
ended = []
reading = []
left = asyncio.Event()


async def a_resource():
    ended.append("resource opened")
    yield "resource"
    ended.append("resource closed")


@app.get("/count")
async def count(context: Context):
    for number in range(5):
        yield f"{number}\\n"
        await asyncio.sleep(0)


@app.get("/plain")
def plain():
    yield b"a"
    yield "é"


@app.get("/built")
async def built() -> Response:
    async def chunks():
        yield b"12345"

    response = Response.stream(chunks(), content_type="text/csv", trailers=lambda: [("x-rows", "1")])
    return response.with_header("x-kind", "built")


@app.get("/provided")
async def provided(resource: Annotated[str, Provide(a_resource)]):
    yield resource
    yield " ".join(ended)


@app.get("/endless")
async def endless():
    try:
        while True:
            yield b"x" * 65536
    finally:
        ended.append("endless")


@app.get("/reluctant")
async def reluctant():
    try:
        yield b"hello"
        await asyncio.Event().wait()
    finally:
        ended.append("leaving")
        await left.wait()
        ended.append("left")


@app.get("/follows")
async def follows():
    yield b"one "
    left.set()
    while "left" not in ended:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    yield b"two"


@app.get("/quiet")
async def quiet():
    try:
        yield b"hello"
        await asyncio.Event().wait()
    finally:
        ended.append("quiet")


@app.get("/fails")
async def fails():
    yield b"some"
    raise ValueError("half-way")


@app.get("/short")
async def short() -> Response:
    async def chunks():
        yield b"123"

    return Response.stream(chunks()).with_header("content-length", "5")


@app.get("/long")
async def long() -> Response:
    async def chunks():
        yield b"12345"
        yield b"6"

    return Response.stream(chunks()).with_header("content-length", "5")


@app.post("/digest")
async def digest(content: ContentStream) -> dict:
    sha, size, most = hashlib.sha256(), 0, 0
    async for chunk in content:
        sha.update(chunk)
        size, most = size + len(chunk), max(most, len(chunk))
    return {"sha256": sha.hexdigest(), "size": size, "most": most, "trailers": content.trailers}


@app.post("/echo")
async def echo(content: ContentStream):
    async for chunk in content:
        yield chunk


@app.post("/early")
async def early(content: ContentStream) -> Response:
    return Response("no", status=403)


@app.post("/reads/{seconds:int}")
async def reads(seconds: int, content: ContentStream) -> str:
    reading.append("started")
    await asyncio.sleep(seconds)
    return str(len(await content.read()))


@app.post("/whole")
def whole(context: Context) -> dict:
    content = context.request.content
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


@app.get("/hinted")
async def hinted(context: Context) -> str:
    context.early_hints("</app.css>; rel=preload; as=style")
    await asyncio.sleep(0.01)
    return "page"


@app.get("/ended")
def seen() -> list:
    return [*ended, *reading]
"""


@pytest.fixture(params=["spica", "uvicorn"], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("streaming")
    (folder / "app.py").write_text(APP)
    if request.param == "spica":
        with serving(folder, "app:app") as running:
            yield running
    else:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
        with started(command, folder, ANNOUNCED) as running:
            yield running


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("streaming")
    (folder / "app.py").write_text(APP)
    with serving(folder, "app:app") as running:
        yield running


def ask(server: RunningServer, method: str, path: str, content: object = None, **fields: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body=content, headers=fields)  # type: ignore[arg-type]
        response = connection.getresponse()
        return response.status, response.read()


def exchange(server: RunningServer, octets: bytes) -> bytes:
    """Send octets and read until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(octets)
        received = bytearray()
        while chunk := link.recv(65536):
            received += chunk
        return bytes(received)


def wait_for(server: RunningServer, word: str) -> None:
    deadline = time.monotonic() + 30
    while word.encode() not in ask(server, "GET", "/ended")[1]:
        assert time.monotonic() < deadline, f"{word} never came"
        time.sleep(0.02)


def test_a_generator_is_a_response(server: RunningServer) -> None:
    assert ask(server, "GET", "/count") == (200, b"0\n1\n2\n3\n4\n")
    assert ask(server, "GET", "/plain") == (200, "aé".encode())
    assert ask(server, "HEAD", "/count") == (200, b"")


def test_a_built_stream_has_its_own_fields(server: RunningServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/built")
        response = connection.getresponse()
        assert response.getheader("content-type") == "text/csv"
        assert response.getheader("x-kind") == "built"
        assert response.getheader("content-length") is None
        assert response.read() == b"12345"


def test_what_a_streaming_handler_was_given_lives_until_the_stream_ends(server: RunningServer) -> None:
    content = ask(server, "GET", "/provided")[1]
    assert content.startswith(b"resource")
    assert b"closed" not in content
    wait_for(server, "resource closed")


@pytest.mark.parametrize("path", ["endless", "quiet"])
def test_promise_26_a_client_that_goes_away_runs_finally(server: RunningServer, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(f"GET /{path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        assert link.recv(100)
    wait_for(server, path)


def test_a_stream_that_ends_after_its_client_ends_no_other(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(b"GET /reluctant HTTP/1.1\r\nHost: t\r\n\r\n")
        assert link.recv(100)
    wait_for(server, "leaving")
    assert ask(server, "GET", "/follows") == (200, b"one two")


def test_promise_7_a_stream_that_fails_is_not_ended_as_if_it_were_whole(ours: RunningServer) -> None:
    received = exchange(ours, b"GET /fails HTTP/1.1\r\nHost: t\r\n\r\n")
    assert received.endswith(b"4\r\nsome\r\n")


def test_promise_7_content_that_is_not_as_long_as_declared_ends_the_connection(ours: RunningServer) -> None:
    for path in ("short", "long"):
        received = exchange(ours, f"GET /{path} HTTP/1.1\r\nHost: t\r\n\r\nGET /ended HTTP/1.1\r\n".encode())
        head, _, content = received.partition(b"\r\n\r\n")
        assert b"content-length: 5" in head
        assert content in (b"123", b"12345"), path


def test_rfc9112_7_1_2_trailers_follow_the_last_chunk(ours: RunningServer) -> None:
    received = exchange(ours, b"GET /built HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    assert received.endswith(b"5\r\n12345\r\n0\r\nx-rows: 1\r\n\r\n")


def test_rfc9110_15_2_early_hints_come_before_the_page(ours: RunningServer) -> None:
    received = exchange(ours, b"GET /hinted HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    hint = b"HTTP/1.1 103 Early Hints\r\nlink: </app.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 OK\r\n"
    assert received.startswith(hint)
    assert received.endswith(b"page")


def test_content_streams_in(server: RunningServer) -> None:
    import hashlib
    import json

    content = bytes(range(256)) * 8000
    status, answer = ask(server, "POST", "/digest", content)
    told = json.loads(answer)
    assert status == 200
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["size"] == len(content)
    assert told["most"] <= 512 * 1024
    _, answer = ask(server, "POST", "/digest", iter([b"abc", b"defg"]))
    assert json.loads(answer)["size"] == 7


def test_promise_18_large_whole_content_waits_in_a_file(server: RunningServer) -> None:
    import hashlib
    import json

    content = bytes(range(256)) * 8000
    _, answer = ask(server, "POST", "/whole", content)
    assert json.loads(answer) == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def test_both_ways_at_once(server: RunningServer) -> None:
    content = b"0123456789abcdef" * 60_000
    assert ask(server, "POST", "/echo", content) == (200, content)


def test_promise_6_an_early_answer_leaves_the_connection_usable(ours: RunningServer) -> None:
    content = b"GET /ended HTTP/1.1\r\nHost: smuggled\r\n\r\n"
    head = f"POST /early HTTP/1.1\r\nHost: t\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    next_one = b"GET /plain HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    received = exchange(ours, head + content + next_one)
    assert received.startswith(b"HTTP/1.1 403 ")
    assert received.count(b"HTTP/1.1 200 ") == 1
    assert received.endswith(b"\r\n3\r\na\xc3\xa9\r\n0\r\n\r\n")


def test_promise_8_an_early_answer_is_seen_by_a_client_that_still_sends(ours: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", ours.port), timeout=30) as link:
        link.sendall(b"POST /early HTTP/1.1\r\nHost: t\r\nContent-Length: 12000000\r\n\r\n")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(20):
                link.sendall(b"x" * 10_000)
                time.sleep(0.005)
        assert link.recv(12) == b"HTTP/1.1 403"


def test_promise_5_streamed_content_beyond_the_limit_is_413(ours: RunningServer) -> None:
    assert exchange(ours, b"POST /digest HTTP/1.1\r\nHost: t\r\nContent-Length: 99000000\r\n\r\n").startswith(
        b"HTTP/1.1 413 "
    )
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", ours.port), timeout=30) as link:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            link.sendall(b"POST /digest HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(17):
                link.sendall(chunk)
        assert link.recv(12) == b"HTTP/1.1 413"


def test_rfc9112_8_content_that_breaks_off_is_no_content(ours: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", ours.port), timeout=30) as link:
        link.sendall(b"POST /reads/0 HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc")
        wait_for(ours, "started")
        link.shutdown(socket.SHUT_WR)
        assert not link.recv(100)


def test_rfc9110_10_1_1_continue_comes_when_the_handler_reads(ours: RunningServer) -> None:
    head = b"POST /%s HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with socket.create_connection(("127.0.0.1", ours.port), timeout=30) as link:
        link.sendall(head % b"reads/1")
        began = time.monotonic()
        assert link.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert time.monotonic() - began > 0.8
        link.sendall(b"abc")
        assert link.recv(1000).endswith(b"3")
    assert exchange(ours, head % b"early").startswith(b"HTTP/1.1 403 ")
    assert exchange(ours, head % b"nowhere").startswith(b"HTTP/1.1 404 ")
