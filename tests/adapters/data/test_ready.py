"""Promise 28: /ready tells of a lost database within a second, however it was lost, and of its return."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from spica import App
from spica.app.health import KEPT_S
from spica.db.engine import Database
from tests.ports import reserved_port

SOON_S = 5.0
"""A second where nothing else runs; far less than the 30 s that a statement may take."""


class Relay:
    """A line to a server that can be cut, or go on without a word getting through."""

    def __init__(self, host: str, target: int, port: int) -> None:
        self._target = host, target
        self._ends: list[asyncio.StreamWriter] = []
        self._goes = asyncio.Event()
        self._goes.set()
        self.server: asyncio.Server
        self.port = port

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def cut(self) -> None:
        self.server.close()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()
        await asyncio.sleep(0)

    def silence(self) -> None:
        self._goes.clear()

    def restore(self) -> None:
        self._goes.set()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        self._ends += [writer, there_writer]
        await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while octets := await reader.read(65536):
                await self._goes.wait()
                writer.write(octets)
            writer.close()


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[tuple[Relay, App]]:
    parts = urlsplit(url)
    with reserved_port() as port:
        relay = Relay(parts.hostname or "", parts.port or 0, port)
        await relay.open()
        user = parts.netloc.rpartition("@")[0]
        database = Database(urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}")))
        app = App(env="development")
        app.health.watch_database(database, None)
        try:
            yield relay, app
        finally:
            relay.restore()
            await relay.cut()
            app.health.close()
            await database.close()


async def ask(app: App) -> tuple[int, float]:
    began = time.monotonic()
    response = await app.health.tell_ready()
    return response.status, time.monotonic() - began


async def asked_after_a_moment(app: App) -> tuple[int, float]:
    await asyncio.sleep(KEPT_S)
    return await ask(app)


async def await_ready(app: App) -> None:
    """Ask until it is ready: on a busy machine a connection may take longer than a check may."""
    async with asyncio.timeout(20):
        while (await asked_after_a_moment(app))[0] != 200:
            pass


@pytest.fixture(params=["postgresql"])
def server_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


async def test_a_connection_that_is_cut(server_url: str) -> None:
    async with relayed(server_url) as (relay, app):
        await await_ready(app)
        await relay.cut()
        status, took_s = await asked_after_a_moment(app)
        assert (status, took_s < SOON_S) == (503, True)
        await relay.open()
        await await_ready(app)


async def test_a_server_that_says_nothing_any_more(server_url: str) -> None:
    async with relayed(server_url) as (relay, app):
        await await_ready(app)
        relay.silence()
        for _ in range(3):  # the second and third probe meet the first one's check, which still hangs
            status, took_s = await asked_after_a_moment(app)
            assert (status, took_s < SOON_S) == (503, True)
            assert app.health.tell_live().status == 200
        relay.restore()
        await await_ready(app)


async def test_a_server_that_is_not_there_at_all() -> None:
    app = App(env="development")
    database = Database("postgresql://nobody@127.0.0.1:9/nothing")
    app.health.watch_database(database, None)
    assert (await ask(app))[0] == 503
    await database.close()
