"""Channels with a client of its own making (`websockets`), under our server and under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
import urllib.request
from collections import Counter
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
from pathlib import Path

from spica import App, Channel, Forbidden, Socket, on, on_broadcast, on_info, pubsub

app = App(env="test")
LOG = Path(__file__).with_name("log")


def log(text):
    with LOG.open("a") as file:
        file.write(text + "\\n")


class Room(Channel, topic="room:{room_id:int}"):
    async def join(self, name: str = "nobody"):
        self.name = name
        return {"name": name}

    @on("new_msg")
    async def new_msg(self, body: str):
        await self.broadcast("new_msg", {"body": body, "by": self.name})

    @on("wait")
    async def wait(self):
        log("waits")
        try:
            await asyncio.sleep(60)
        finally:
            log("cancelled")

    @on("push_all")
    async def push_all(self, times: int):
        for number in range(times):
            await self.push("big", {"n": number, "body": "x" * 10_000})
        log("pushed all")

    async def leave(self, reason: str):
        log(f"leaves {self.topic} {reason}")
        await asyncio.sleep(0.3)
        log(f"left {self.topic}")


class UserSocket(Socket):
    channels = [Room]

    async def connect(self, auth_token: str = "none", refuse: bool = False):
        if refuse:
            raise Forbidden("not you")
        self.token = auth_token
        self.id = auth_token
        log(f"connected {auth_token}")

    async def disconnected(self, code: int, reason: str):
        log(f"disconnected {code}")


app.socket("/socket", UserSocket)


@app.get("/tell/{topic}")
async def tell(topic: str, size: int = 1) -> None:
    await pubsub.broadcast(topic, "told", {"body": "y" * size})


@app.get("/disconnect/{id}")
async def disconnect(id: str) -> None:
    await UserSocket.disconnect(id)
"""


ADDRESS = "/socket/websocket?vsn=2.0.0"


class Served:
    """A server, and ways to talk to it."""

    def __init__(self, server: RunningServer, folder: Path, name: str) -> None:
        self.server, self.folder, self.is_ours = server, folder, name == "spica"

    @contextlib.asynccontextmanager
    async def socket(
        self, path: str = "/socket/websocket?vsn=2.0.0", **options: Any
    ) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws://127.0.0.1:{self.server.port}{path}", **options) as client:
            yield client

    async def get(self, path: str) -> Any:
        def read() -> Any:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=30) as response:
                return response.read()

        return await asyncio.to_thread(read)

    async def logged(self, *lines: str, timeout_s: float = 30) -> list[str]:
        """Wait until all of these are in the log, as often as they are given."""
        until = time.monotonic() + timeout_s
        while not Counter(lines) <= Counter(log := self.log()):
            assert time.monotonic() < until, f"{lines} not in {log}"
            await asyncio.sleep(0.02)
        return log

    def log(self) -> list[str]:
        file = self.folder / "log"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture(params=["spica", "uvicorn"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "main.py").write_text(APP)
    with _run(request.param, tmp_path) as server:
        yield Served(server, tmp_path, request.param)


def _run(name: str, folder: Path) -> contextlib.AbstractContextManager[RunningServer]:
    if name == "spica":
        return serving(folder, "main:app")
    return started(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", "0", "--ws", "websockets"], folder, ANNOUNCED
    )


async def ask(client: ClientConnection, *message: object) -> Any:
    await client.send(json.dumps(message))
    return json.loads(await asyncio.wait_for(client.recv(), 30))


async def closing(client: ClientConnection) -> tuple[int, str]:
    """The end of a socket, as its client sees it."""
    try:
        while True:
            await asyncio.wait_for(client.recv(), 30)
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


async def test_join_push_broadcast_and_leave(served: Served) -> None:
    async with served.socket() as one, served.socket("/socket") as two:
        for client in (one, two):  # the second names no version; its first frame tells
            reply = await ask(client, "1", "1", "room:7", "phx_join", {"name": "ann"})
            assert reply == ["1", "1", "room:7", "phx_reply", {"status": "ok", "response": {"name": "ann"}}]
        assert await ask(one, "1", "2", "room:7", "new_msg", {"body": "hi"}) == [
            *(None, None, "room:7", "new_msg", {"body": "hi", "by": "ann"})
        ]
        assert json.loads(await one.recv()) == ["1", "2", "room:7", "phx_reply", {"status": "ok", "response": {}}]
        assert json.loads(await two.recv())[3] == "new_msg"
        await served.get("/tell/room:7")
        assert json.loads(await one.recv()) == [None, None, "room:7", "told", {"body": "y"}]
        assert json.loads(await two.recv()) == [None, None, "room:7", "told", {"body": "y"}]
        assert (await ask(one, "1", "3", "room:7", "phx_leave", {}))[3:] == [
            *("phx_reply", {"status": "ok", "response": {}})
        ]
        assert json.loads(await one.recv()) == ["1", "1", "room:7", "phx_close", {}]
    log = await served.logged(*["disconnected 1000", "left room:7"] * 2)
    assert log.count("leaves room:7 left") == log.count("leaves room:7 closed") == 1
    assert log.index("left room:7") < log.index("disconnected 1000")


async def test_clients_of_version_1_get_objects(served: Served) -> None:
    async with served.socket("/socket/websocket?vsn=1.0.0") as old, served.socket() as new:
        await old.send(json.dumps({"topic": "room:7", "event": "phx_join", "payload": {}, "ref": "1"}))
        assert json.loads(await old.recv()) == {
            "topic": "room:7",
            "event": "phx_reply",
            "payload": {"status": "ok", "response": {"name": "nobody"}},
            "ref": "1",
        }
        await ask(new, "1", "1", "room:7", "phx_join", {})
        await old.send(json.dumps({"topic": "room:7", "event": "new_msg", "payload": {"body": "hi"}, "ref": "2"}))
        payload = {"body": "hi", "by": "nobody"}
        assert json.loads(await new.recv()) == [None, None, "room:7", "new_msg", payload]
        assert json.loads(await old.recv()) == {"topic": "room:7", "event": "new_msg", "payload": payload, "ref": None}
        assert json.loads(await old.recv())["ref"] == "2"
        await old.send(json.dumps({"topic": "room:7", "event": "phx_leave", "payload": {}, "ref": "3"}))
        assert json.loads(await old.recv())["ref"] == "3"
        closed = json.loads(await old.recv())
        assert (closed["event"], closed["ref"]) == ("phx_close", "1"), "the ref of the join says which one is closed"
        await old.send(b"\x00\x00")
        assert (await closing(old))[0] == 1003


async def test_a_token_beside_the_address(served: Served) -> None:
    protocols = [Subprotocol("phoenix"), Subprotocol("base64url.bearer.phx.c2VjcmV0")]
    async with served.socket(subprotocols=protocols) as client:
        assert client.subprotocol == "phoenix"
        await served.logged("connected secret")
    async with served.socket("/socket/websocket?vsn=2.0.0&auth_token=query"):
        await served.logged("connected query")


@pytest.mark.parametrize(
    ("path", "status"), [("/socket?refuse=true", 403), ("/socket?refuse=maybe", 422), ("/socket?vsn=3.0.0", 400)]
)
async def test_a_handshake_may_be_refused(served: Served, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with served.socket(path):
            pass
    assert refused.value.response.status_code == status


async def test_pages_of_another_origin_are_refused(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with served.socket(origin=Origin("https://evil.example")):
            pass
    assert refused.value.response.status_code == 403


async def test_a_lost_client_leaves_after_what_runs(served: Served) -> None:
    async with served.socket() as client:
        await ask(client, "1", "1", "room:7", "phx_join", {})
        client.transport.abort()
    log = await served.logged("leaves room:7 lost", "left room:7", "disconnected 1006")
    assert log.index("left room:7") < log.index("disconnected 1006")


async def test_a_method_that_waits_forever_is_cancelled_when_the_client_is_gone(served: Served) -> None:
    async with served.socket() as client:
        await ask(client, "1", "1", "room:7", "phx_join", {})
        await client.send(json.dumps(["1", "2", "room:7", "wait", {}]))
        await served.logged("waits")
        client.transport.abort()
    log = await served.logged("cancelled", "left room:7", "disconnected 1006")
    assert log.index("cancelled") < log.index("leaves room:7 lost")


async def test_a_user_is_disconnected(served: Served) -> None:
    async with served.socket("/socket?vsn=2.0.0&auth_token=ann") as one, served.socket("/socket?auth_token=bob") as two:
        await ask(one, "1", "1", "room:7", "phx_join", {})
        await served.get("/disconnect/ann")
        assert await closing(one) == (1000, "disconnected")
        assert (await ask(two, None, "1", "phoenix", "heartbeat", {}))[1] == "1"
    await served.logged("leaves room:7 closed")


async def test_a_server_that_stops_lets_channels_leave(served: Served) -> None:
    async with served.socket() as client:
        await ask(client, "1", "1", "room:7", "phx_join", {})
        served.server.process.send_signal(signal.SIGTERM)
        assert (await closing(client))[0] == (1001 if served.is_ours else 1012)
    await asyncio.to_thread(served.server.process.wait, 30)
    served.server.killed = True  # it was asked to end, and has
    log = served.log()
    assert log[-3:-1] == ["leaves room:7 shutdown", "left room:7"]
    assert log[-1].startswith("disconnected")


async def test_a_client_that_reads_too_slowly_is_let_go(served: Served) -> None:
    reader, writer = await _connect_slowly(served)
    await _send_slowly(writer, ["1", "1", "room:7", "phx_join", {}])
    await reader.readuntil(b"phx_reply")
    for _ in range(80):
        await served.get("/tell/room:7?size=100000")
        if any(line.startswith("leaves") for line in served.log()):
            break
    await served.logged("leaves room:7 closed", "disconnected 1013")
    writer.close()


async def test_pushes_wait_for_the_client(served: Served) -> None:
    reader, writer = await _connect_slowly(served)
    await _send_slowly(writer, ["1", "1", "room:7", "phx_join", {}])
    await reader.readuntil(b"phx_reply")
    await _send_slowly(writer, ["1", "2", "room:7", "push_all", {"times": 3000}])
    await asyncio.sleep(0.5)
    assert "pushed all" not in served.log(), "30 MB would be in memory"
    async with asyncio.timeout(100):
        while "pushed all" not in served.log():
            await reader.read(1_000_000)
    writer.close()


async def _connect_slowly(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that takes little, and only when it is asked to."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    link.connect(("127.0.0.1", served.server.port))
    link.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=link, limit=64 * 1024)
    writer.write(
        b"GET /socket?vsn=2.0.0 HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _send_slowly(writer: asyncio.StreamWriter, message: list[Any]) -> None:
    text = json.dumps(message).encode()
    writer.write(b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text)
    await writer.drain()
