"""One application on several machines: servers of their own, which have nothing in common but the broker."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.adapters.pubsub.servers import BrokerServer
from tests.processes import RunningServer, serving

APP = """
import os
from spica import App, Channel, Socket, on

app = App(pubsub=os.environ["BROKER"])

class Room(Channel, topic="room:{room_id:int}"):
    async def join(self, room_id: int, nickname: str):
        await self.presence.track(nickname, {})

    @on("new_msg")
    async def new_msg(self, body: str):
        await self.broadcast("new_msg", {"body": body})

@app.socket("/socket")
class UserSocket(Socket):
    channels = [Room]

"""


@pytest.fixture
def machines(server: BrokerServer, tmp_path: Path) -> Iterator[list[RunningServer]]:
    """Two servers."""
    (tmp_path / "app.py").write_text(APP)
    with ExitStack() as stack:
        yield [stack.enter_context(serving(tmp_path, "app:app", BROKER=server.url)) for _ in range(2)]


def ready(machine: RunningServer) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", machine.port, timeout=10)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


async def until_ready(machine: RunningServer, status: int) -> Any:
    async with asyncio.timeout(60):
        while (answer := await asyncio.to_thread(ready, machine))[0] != status:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
    return answer[1]


class Visitor:
    """A client of the channels of one machine."""

    def __init__(self, connection: ClientConnection, nickname: str) -> None:
        self._connection = connection
        self._nickname = nickname

    async def join(self) -> None:
        await self.send("phx_join", {"nickname": self._nickname})
        await self.hear("phx_reply", status="ok")

    async def send(self, event: str, payload: object) -> None:
        await self._connection.send(json.dumps(["1", "1", "room:7", event, payload]))

    async def hear(self, event: str, **expected: object) -> Any:
        """The payload of the next event of that name which has what is expected."""
        async with asyncio.timeout(60):
            while True:
                _, _, _, name, payload = json.loads(await self._connection.recv())
                if name == event and expected.items() <= payload.items():
                    return payload


def visit(machine: RunningServer) -> connect:
    return connect(f"ws://127.0.0.1:{machine.port}/socket/websocket?vsn=2.0.0")


async def test_clients_of_two_machines_meet(machines: list[RunningServer]) -> None:
    one, two = machines
    await until_ready(one, 200)
    await until_ready(two, 200)
    async with visit(one) as first, visit(two) as second:
        ann, bob = Visitor(first, "ann"), Visitor(second, "bob")
        await ann.join()
        await bob.join()
        while "bob" not in (await ann.hear("presence_diff"))["joins"]:
            pass
        for number in range(100):
            await ann.send("new_msg", {"body": f"hello {number}"})
        for number in range(100):
            assert (await bob.hear("new_msg"))["body"] == f"hello {number}"
        await bob.send("new_msg", {"body": "and goodbye"})
        await ann.hear("new_msg", body="and goodbye")


async def test_readiness_follows_the_broker(server: BrokerServer, machines: list[RunningServer]) -> None:
    one, two = machines
    await until_ready(one, 200)
    await until_ready(two, 200)
    try:
        async with visit(one) as first, visit(one) as second:
            ann, bob = Visitor(first, "ann"), Visitor(second, "bob")
            await ann.join()
            await bob.join()
            await asyncio.to_thread(server.kill)
            told = await until_ready(one, 503)
            assert "away" in told["checks"]["pubsub"]
            for body in ("one", "two"):  # who sends is told, who is on the same machine hears it
                await ann.send("new_msg", {"body": body})
                await bob.hear("new_msg", body=body)
                reply = await ann.hear("phx_reply")
                assert reply["status"] == "error"
                assert reply["response"]["reason"].startswith("The service is not available")
    finally:
        await asyncio.to_thread(server.start)
    await until_ready(one, 200)
    await until_ready(two, 200)
    async with visit(one) as first, visit(two) as second:
        ann, bob = Visitor(first, "ann"), Visitor(second, "bob")
        await ann.join()
        await bob.join()
        await ann.send("new_msg", {"body": "again"})
        await bob.hear("new_msg", body="again")
