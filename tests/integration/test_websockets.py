"""WebSockets with a client of its own making (`websockets`), under our server and under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.processes import ANNOUNCED, RunningServer, serving, started

APP = """
import asyncio

from spica import App, Context, Forbidden, SocketClosed, WebSocket, broadcast
from spica.middleware.pipeline import Middleware

app = App()
log = []


class Door(Middleware):
    def before(self, ctx):
        if ctx.request.query.get("door") == "shut":
            return ctx.text("the door is shut", status=418)

    def after(self, ctx, response):
        response.add_header("x-door", str(response.status))


app.use(Door)


@app.get("/log")
def read_log():
    return log


@app.get("/publish/{topic}")
async def publish(topic: str, text: str) -> int:
    return broadcast(topic, text)


@app.get("/publish-from-thread/{topic}")
async def publish_from_thread(topic: str, text: str) -> int:
    return await asyncio.to_thread(broadcast, topic, text)


@app.ws("/echo")
async def echo(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)


@app.ws("/about/{id:int}")
async def about(socket: WebSocket, id: int, colour: str, context: Context) -> None:
    await socket.send_json({
        "id": id,
        "params": socket.params,
        "colour": colour,
        "cookies": socket.cookies,
        "agent": socket.headers["user-agent"],
        "same": context is socket.context,
        "client": socket.client[0],
    })


@app.ws("/spoken")
async def spoken(socket: WebSocket) -> None:
    await socket.accept(subprotocol=socket.subprotocols[-1], headers={"X-Extra": "yes"})
    await socket.send(await socket.receive_json())


@app.ws("/forbidden")
async def forbidden(socket: WebSocket) -> None:
    raise Forbidden("not you")


@app.ws("/unanswered")
async def unanswered(socket: WebSocket) -> None:
    await asyncio.sleep(0)


@app.ws("/refused")
async def refused(socket: WebSocket) -> None:
    await socket.close()


@app.ws("/fails")
async def fails(socket: WebSocket) -> None:
    await socket.receive()
    raise RuntimeError("as asked")


def panics():  # the classes of what native modules raise when they panic
    return [kind for kind in BaseException.__subclasses__() if kind.__name__ == "PanicException"]


@app.get("/panics")
def count_panics() -> int:
    return len(panics())


@app.ws("/panics/{number:int}")
async def panics_in_handler(socket: WebSocket, number: int) -> None:
    await socket.receive()
    raise panics()[number]("as asked")


@app.get("/panics-in-stream/{number:int}")
async def panics_in_stream(number: int):
    yield b"begun"
    await asyncio.sleep(0)
    raise panics()[number]("as asked")


@app.ws("/enough")
async def enough(socket: WebSocket) -> None:
    await socket.send("one")
    await socket.close(4001, "enough")


@app.ws("/room/{name}")
async def room(socket: WebSocket, name: str) -> None:
    await socket.subscribe(name)
    await socket.send("in")
    async for message in socket:
        if message == "leave":
            await socket.unsubscribe(name)
            await socket.send("left")
        else:
            broadcast(name, message, except_=socket)


@app.ws("/receives")
async def receives(socket: WebSocket) -> None:
    try:
        while True:
            await socket.receive()
    except SocketClosed as closed:
        log.append(f"closed {closed.code} {closed.reason}".strip())
        await asyncio.sleep(0.2)
        log.append("took its time")


@app.ws("/waits")
async def waits(socket: WebSocket) -> None:
    await socket.send("waiting")
    try:
        await asyncio.sleep(60)
    finally:
        log.append("finally")


@app.ws("/works")
async def works(socket: WebSocket) -> None:
    async for message in socket:
        await asyncio.sleep(0.02)
        log.append(message)


@app.ws("/pushes")
async def pushes(socket: WebSocket) -> None:
    sent = 0
    try:
        while True:
            await socket.send("x" * 10_000)
            sent += 1
            if sent in (10, 5_000):
                log.append(f"sent {sent}")
            await asyncio.sleep(0)
    except SocketClosed:
        log.append("told")


@app.ws("/shared")
async def shared(socket: WebSocket) -> None:
    async def push(number: int) -> None:
        for _ in range(40):
            await socket.send(str(number) * 50_000)

    await socket.receive()
    await asyncio.gather(*(push(number) for number in range(4)))


@app.ws("/anywhere", origins=["*"])
async def anywhere(socket: WebSocket) -> None:
    await socket.send("welcome")
"""


class Served:
    """A server, and ways to talk to it."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.is_ours = name == "spica"

    @contextlib.asynccontextmanager
    async def socket(self, path: str, **options: Any) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws://127.0.0.1:{self.port}{path}", **options) as client:
            yield client

    async def get(self, path: str) -> Any:
        def read() -> Any:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
                return json.loads(response.read())

        return await asyncio.to_thread(read)

    async def logged(self, *lines: str) -> None:
        """Wait until all of these are in the log."""
        until = time.monotonic() + 30
        while not set(lines) <= set(log := await self.get("/log")):
            assert time.monotonic() < until, f"{lines} not in {log}"
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module", params=["spica", "uvicorn"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "main.py").write_text(APP)
    with _run(request.param, folder) as server:
        yield Served(server.port, request.param)


def _run(name: str, folder: Path) -> contextlib.AbstractContextManager[RunningServer]:
    if name == "spica":
        return serving(folder, "main:app")
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", "0", "--ws", "websockets"]
    return started(command, folder, ANNOUNCED)


async def closing(client: ClientConnection) -> tuple[int, str]:
    """The end of a socket, as its client sees it."""
    try:
        while True:
            await asyncio.wait_for(client.recv(), 30)
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


async def refusal(served: Served, path: str, **options: Any) -> Any:
    with pytest.raises(InvalidStatus) as caught:
        async with served.socket(path, **options):
            pass
    return caught.value.response


async def test_text_and_octets_come_back(served: Served) -> None:
    async with served.socket("/echo") as client:
        for message in ("Grüße", b"\x00\xff", "", "x" * 300_000):
            await client.send(message)
            assert await client.recv() == message


async def test_a_handler_is_bound_like_any_other(served: Served) -> None:
    async with served.socket("/about/7?colour=red", additional_headers={"Cookie": "a=b"}) as client:
        seen = json.loads(await client.recv())
        assert seen.pop("agent").startswith("Python/")
        assert seen == {
            "id": 7,
            "params": {"id": 7},
            "colour": "red",
            "cookies": {"a": "b"},
            "same": True,
            "client": "127.0.0.1",
        }
        assert await closing(client) == (1000, "")


async def test_a_parameter_that_is_missing_is_a_422(served: Served) -> None:
    response = await refusal(served, "/about/7")
    assert response.status_code == 422
    assert b"colour" in response.body


async def test_subprotocols_and_fields(served: Served) -> None:
    async with served.socket("/spoken", subprotocols=[Subprotocol("v1"), Subprotocol("v2")]) as client:
        assert client.subprotocol == "v2"
        assert client.response is not None
        assert client.response.headers["x-extra"] == "yes"
        assert client.response.headers["x-door"] == "101"
        await client.send('"decoded"')
        assert await client.recv() == "decoded"


@pytest.mark.parametrize("path", ["/forbidden", "/refused", "/unanswered"])
async def test_what_is_not_accepted_is_a_403(served: Served, path: str) -> None:
    assert (await refusal(served, path)).status_code == 403


async def test_middleware_may_refuse(served: Served) -> None:
    response = await refusal(served, "/echo?door=shut")
    assert (response.status_code, bytes(response.body)) == (418, b"the door is shut")


async def test_a_path_without_a_route_is_a_404(served: Served) -> None:
    assert (await refusal(served, "/none")).status_code == 404


async def test_an_ordinary_request_is_told_to_upgrade(served: Served) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        await served.get("/echo")
    assert caught.value.code == 426


async def test_an_exception_after_the_handshake_is_1011(served: Served) -> None:
    async with served.socket("/fails") as client:
        await client.send("go")
        assert (await closing(client))[0] == 1011


async def test_a_panic_of_native_code_ends_its_socket_and_no_other(served: Served) -> None:
    if not served.is_ours:
        pytest.skip("under another server there is no native code of ours behind a socket")
    count = await served.get("/panics")
    assert count > 0
    for number in range(count):
        async with served.socket(f"/panics/{number}") as client:
            await client.send("go")
            assert (await closing(client))[0] == 1011
    async with served.socket("/echo") as client:
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_a_panic_of_native_code_ends_its_stream(served: Served) -> None:
    if not served.is_ours:
        pytest.skip("under another server there is no native code of ours behind a stream")
    for number in range(await served.get("/panics")):
        with pytest.raises(http.client.IncompleteRead) as caught:
            await served.get(f"/panics-in-stream/{number}")
        assert caught.value.partial == b"begun"


async def test_a_handlers_own_code(served: Served) -> None:
    async with served.socket("/enough") as client:
        assert await client.recv() == "one"
        assert await closing(client) == (4001, "enough")


async def test_a_page_of_another_origin_is_refused(served: Served) -> None:
    assert (await refusal(served, "/echo", origin=Origin("http://evil.example"))).status_code == 403
    async with served.socket("/anywhere", origin=Origin("http://evil.example")) as client:
        assert await client.recv() == "welcome"
    async with served.socket("/echo", origin=Origin(f"http://127.0.0.1:{served.port}")) as client:
        await client.send("mine")
        assert await client.recv() == "mine"


async def test_broadcasting(served: Served) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(served.socket("/room/red")) for _ in range(3)]
        for client in clients:
            assert await client.recv() == "in"
        await clients[0].send("hello")
        assert [await client.recv() for client in clients[1:]] == ["hello"] * 2
        assert await served.get("/publish/red?text=all") == 3
        assert [await client.recv() for client in clients] == ["all"] * 3, "the first got nothing else"
        await clients[0].send("leave")
        assert await clients[0].recv() == "left"
        assert await served.get("/publish-from-thread/red?text=rest") == 2
        assert [await client.recv() for client in clients[1:]] == ["rest"] * 2
    assert await served.get("/publish/red?text=nobody") == 0


async def test_a_handler_that_receives_is_told_and_may_take_its_time(served: Served) -> None:
    async with served.socket("/receives") as client:
        await client.close(4321, "bye")
    await served.logged("closed 4321 bye", "took its time")


async def test_promise_26_a_handler_that_waits_elsewhere_is_cancelled(served: Served) -> None:
    async with served.socket("/waits") as client:
        await client.recv()
        client.transport.abort()
    await served.logged("finally")


async def test_what_had_arrived_before_the_end_is_worked_on(served: Served) -> None:
    async with served.socket("/works") as client:
        for number in range(10):
            await client.send(f"work {number}")
    await served.logged(*(f"work {number}" for number in range(10)))


async def test_a_client_that_does_not_read_stops_the_handler(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1024)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    writer.write(
        b"GET /pushes HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    await served.logged("sent 10")
    await asyncio.sleep(0.3)
    assert "sent 5000" not in await served.get("/log"), "50 MB would be in memory"
    writer.transport.abort()
    await asyncio.sleep(0)
    await served.logged("told")


async def test_tasks_that_share_a_socket_all_go_on_after_a_wait(served: Served) -> None:
    async with served.socket("/shared", compression=None) as client:
        await client.send("go")
        await asyncio.sleep(0.3)
        counts = dict.fromkeys("0123", 0)
        async for message in client:
            assert isinstance(message, str)
            assert message == message[0] * 50_000
            counts[message[0]] += 1
    assert counts == dict.fromkeys("0123", 40)


async def test_promise_23_a_server_that_stops_says_1001(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    with serving(tmp_path, "main:app") as server:
        async with connect(f"ws://127.0.0.1:{server.port}/receives") as client:
            await client.ping()
            server.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert await closing(client) == (1001, "")
        await asyncio.to_thread(server.process.wait, 30)
        server.killed = True  # it was asked to end, and has
    assert time.monotonic() - began < 10


def test_a_handler_that_ends_after_its_client_ends_no_other(served: Served) -> None:
    handshake = (
        b"GET /echo HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(10):  # each takes the place of one whose handler still ends
        with socket.create_connection(("127.0.0.1", served.port), timeout=30) as link:
            link.sendall(handshake)
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += link.recv(4096)
            link.sendall(b"\x81\x82\x00\x00\x00\x00hi")
            assert link.recv(4096) == b"\x81\x02hi"


async def test_octets_sent_with_the_handshake_are_its_first_frames(served: Served) -> None:
    if not served.is_ours:
        pytest.skip("uvicorn drops what comes with the head")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    frame = b"\x81\x82\x00\x00\x00\x00hi"
    writer.write(
        b"GET /echo HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frame
    )
    await reader.readuntil(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(4), 30) == b"\x81\x02hi"
    writer.close()
