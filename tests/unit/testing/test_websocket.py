"""The test client's WebSocket, against an application in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from spica import App, Context, Forbidden, SocketClosed, WebSocket, broadcast
from spica.server.run import running_server
from spica.testing import Client, SocketRefused
from tests.serving import open_client

app = App()
ended = asyncio.Event()


@app.ws("/echo")
async def echo(socket: WebSocket) -> None:
    async for message in socket:
        await socket.send(message)


@app.ws("/json")
async def double(socket: WebSocket) -> None:
    while True:
        await socket.send_json({"twice": 2 * await socket.receive_json()})


@app.ws("/spoken")
async def spoken(socket: WebSocket) -> None:
    await socket.accept(subprotocol=socket.subprotocols[0])
    await socket.close(4000, "done")


@app.ws("/no")
async def no(socket: WebSocket) -> None:
    raise Forbidden("not you")


@app.ws("/room")
async def room(socket: WebSocket) -> None:
    await socket.subscribe("room")
    async for message in socket:
        assert broadcast("room", message) == 2


@app.ws("/at-once")
async def at_once(socket: WebSocket) -> None:
    await socket.subscribe("room")
    broadcast("room", "from the first step")


@app.ws("/waits")
async def waits(socket: WebSocket, context: Context) -> None:
    await socket.accept()
    try:
        await asyncio.sleep(60)
    finally:
        assert context.request.path == "/waits"
        ended.set()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with open_client(app) as client:
        yield client


async def test_messages_of_every_length(client: Client) -> None:
    async with client.socket("/echo") as socket:
        for message in ("", "é" * 60, b"\x00" * 126, "x" * 70_000):
            await socket.send(message)
            assert await socket.receive() == message


async def test_json(client: Client) -> None:
    async with client.socket("/json") as socket:
        await socket.send_json(21)
        assert await socket.receive_json() == {"twice": 42}


async def test_subprotocol_and_the_handlers_own_code(client: Client) -> None:
    async with client.socket("/spoken", subprotocols=["v2", "v1"]) as socket:
        assert socket.subprotocol == "v2"
        with pytest.raises(SocketClosed, match="4000: done"):
            await socket.receive()
        with pytest.raises(SocketClosed):
            await socket.send("late")


async def test_a_refusal_has_its_response(client: Client) -> None:
    with pytest.raises(SocketRefused) as caught:
        async with client.socket("/no"):
            pass
    caught.value.response.expect_status(403).expect_text("not you")


async def test_a_page_of_another_origin_is_refused(client: Client) -> None:
    with pytest.raises(SocketRefused):
        async with client.socket("/echo", headers={"Origin": "https://evil.example"}):
            pass
    async with client.socket("/echo", headers={"Origin": "https://test.host"}):
        pass


async def test_two_clients_in_a_room(client: Client) -> None:
    async with client.socket("/room") as one, client.socket("/room") as two:
        await one.send("hello")
        assert [await one.receive(), await two.receive()] == ["hello", "hello"]


async def test_a_broadcast_from_a_handlers_first_step(client: Client) -> None:
    async with client.socket("/at-once") as socket:
        assert [message async for message in socket] == ["from the first step"]


async def test_promise_26_a_lost_client_ends_its_handler(client: Client) -> None:
    async with client.socket("/waits") as socket:
        socket.lose()
        async with asyncio.timeout(10):  # the handler waits for a minute
            await ended.wait()


async def test_the_access_log_has_a_line_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    await app.startup()
    async with running_server(app, None, access_log="text") as server:
        client = Client(app, server)
        async with client.socket("/echo") as socket:
            await socket.send("hello")
            await socket.receive()
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 1
    assert "GET /echo 101 " in lines[0]
