"""The core's handles where they are not expected: freed by another thread, used while the reactor is at work."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica import App, ContentStream, WebSocket
from spica._core import Server
from spica.server.run import running_server
from spica.testing import Client, SocketRefused

app = App()
kept: list[Any] = []
told: list[str] = []


@app.post("/upload")
async def upload(content: ContentStream) -> int:
    kept.append(content._incoming)
    return len(await content.read())


@app.ws("/socket")
async def keep_socket(socket: WebSocket) -> None:
    await socket.accept()
    kept.append(socket.native)


@app.ws("/refused")
async def refuse(socket: WebSocket) -> None:
    async def listen() -> None:
        async for message in socket:
            told.append(str(message))
        told.append("ended")

    kept.append(asyncio.create_task(listen()))
    await socket.close()


@app.ws("/refused-later")
async def refuse_later(socket: WebSocket) -> None:
    async def listen() -> None:
        await asyncio.sleep(0.01)
        async for message in socket:
            told.append(str(message))
        told.append("ended")

    kept.append(asyncio.create_task(listen()))
    await asyncio.sleep(0)
    raise LookupError("no such room")


@app.get("/")
def hello() -> str:
    return "hello"


@app.get("/nested")
def feeds_another() -> str:
    """What a handler does that runs the loop, which has octets for another connection."""
    connection = kept.pop()
    connection.feed(b"GET / HTTP/1.1\r\nHost: a\r\n")
    connection.written(1)
    connection.feed(b"Connection: close\r\n\r\n")
    return "nested"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    kept.clear()
    told.clear()
    await app.startup()
    async with running_server(app, None) as server:
        yield server
    await app.shutdown()


async def make_content(server: Server) -> None:
    await Client(app, server).post("/upload", content=b"x" * 10)


async def make_socket(server: Server) -> None:
    async with Client(app, server).socket("/socket"):
        pass


async def make_connection(server: Server) -> None:
    kept.append(server.connect(lambda data: None))


@pytest.mark.parametrize("make", [make_content, make_socket, make_connection])
async def test_what_another_thread_frees_is_freed_at_home(
    server: Server, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: unraisable.append(args.exc_value))
    await make(server)
    loop = asyncio.get_running_loop()
    gc.collect()
    assert len(kept) == 1
    held = sys.getrefcount(loop)
    thread = threading.Thread(target=kept.clear)
    thread.start()
    thread.join()
    gc.collect()
    assert unraisable == []
    assert sys.getrefcount(loop) == held, "it waits for its own thread"
    server.poll()
    assert sys.getrefcount(loop) == held - (make is not make_connection)
    assert (await Client(app, server).get("/")).text == "hello"


async def test_using_a_handle_in_another_thread_is_an_error_there(server: Server) -> None:
    await make_content(server)
    raised: list[BaseException] = []

    def use() -> None:
        try:
            kept[0].take()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "the event loop's thread" in str(raised[0])


async def test_octets_for_a_connection_while_a_handler_runs_come_later_and_in_order(server: Server) -> None:
    received, ended = bytearray(), asyncio.Event()

    def sink(data: Any) -> None:
        if data is None:
            ended.set()
        elif isinstance(data, bytes):
            received.extend(data)

    kept.append(server.connect(sink))
    assert (await Client(app, server).get("/nested")).text == "nested"
    async with asyncio.timeout(30):
        await ended.wait()
    assert received.endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("path", ["/refused", "/refused-later"])
async def test_who_still_listens_to_a_socket_that_was_refused_is_told(server: Server, path: str) -> None:
    with pytest.raises(SocketRefused):
        async with Client(app, server).socket(path):
            pass
    async with asyncio.timeout(30):
        await kept[0]
    assert told == ["ended"]
