"""Servers that are down, killed, restarted or that hang: what a statement, a transaction and a request hear of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from spica import App
from spica.db.engine import Database, use
from spica.db.errors import CannotOpen, DatabaseUnavailable, PoolTimeout, StatementTimeout
from spica.testing.live import running_client
from tests.adapters.data.databases import patient
from tests.adapters.servers import OwnServer, own_mariadb, own_postgresql

pytestmark = pytest.mark.xdist_group("lost servers")  # they take seconds to make

SOON_S = 4.0
"""A second where nothing else runs; less than a wait for the pool or a slow statement takes."""
IMPATIENT = "statement_timeout_ms=500&acquire_timeout_ms=500&connect_timeout_ms=2000"


@pytest.fixture(scope="module")
def own_servers() -> Iterator[dict[str, OwnServer]]:
    """A server of each kind that tests may end and start again."""
    with own_postgresql() as postgresql, own_mariadb() as mariadb:
        yield {"postgresql": postgresql, "mariadb": mariadb}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, own_servers: dict[str, OwnServer]) -> OwnServer:
    server = own_servers[request.param]
    server.ensure()
    return server


@pytest.fixture
async def database(server: OwnServer) -> AsyncIterator[Database]:
    """A database of the server with room for two connections."""
    made = Database(patient(f"{server.url}?pool_size=2"))
    previous = use(made)
    try:
        yield made
    finally:
        use(previous)
        await made.close()


async def answer(database: Database) -> int:
    return int((await database.query("select 40 + :n as n", n=2))[0]["n"])


async def answers_at_last(database: Database, at_once: int = 1) -> None:
    """Ask until it answers: a busy machine may take longer than a database that soon gives up waits."""
    async with asyncio.timeout(60):
        while True:
            try:
                assert await asyncio.gather(*(answer(database) for _ in range(at_once))) == [42] * at_once
                return
            except (DatabaseUnavailable, StatementTimeout):
                await asyncio.sleep(0.1)


async def test_the_pool_outlives_a_server_that_is_restarted(server: OwnServer, database: Database) -> None:
    assert await asyncio.gather(answer(database), answer(database)) == [42, 42]
    server.stop()
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        await answer(database)
    assert time.monotonic() - begun < SOON_S
    server.start()
    assert await asyncio.gather(*(answer(database) for _ in range(8))) == [42] * 8


async def test_a_statement_hears_that_the_server_was_killed(server: OwnServer, database: Database) -> None:
    slow = "select pg_sleep(10)" if database.dialect == "postgresql" else "select sleep(10)"
    await answer(database)
    task = asyncio.create_task(database.query(slow))
    await asyncio.sleep(0.1)
    server.kill()
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        await task
    assert time.monotonic() - begun < SOON_S
    server.start()
    assert await answer(database) == 42


async def test_a_transaction_whose_server_was_killed_is_undone(server: OwnServer, database: Database) -> None:
    await database.execute("create table if not exists notes (n integer)")
    await database.execute("delete from notes")

    async def work() -> None:
        async with database.transaction():
            await database.execute("insert into notes values (1)")
            server.kill()
            async with database.transaction():
                await database.execute("insert into notes values (2)")

    with pytest.raises(DatabaseUnavailable):
        await work()
    server.start()
    assert await database.query("select n from notes") == []


async def test_a_server_that_hangs_is_given_up(server: OwnServer) -> None:
    database = Database(f"{server.url}?pool_size=1&{IMPATIENT}")
    await answers_at_last(database)
    server.freeze()
    try:
        begun = time.monotonic()
        with pytest.raises((StatementTimeout, DatabaseUnavailable)):
            await answer(database)
        with pytest.raises((PoolTimeout, DatabaseUnavailable)):  # no new connection either
            await answer(database)
        assert time.monotonic() - begun < 3 * SOON_S
    finally:
        server.thaw()
    await answers_at_last(database)
    await database.close()


async def test_a_transaction_and_a_stream_of_a_server_that_hangs_are_given_up(server: OwnServer) -> None:
    database = Database(f"{server.url}?pool_size=2&{IMPATIENT}")

    async def begin() -> None:
        async with database.transaction():
            pass

    async def stream() -> None:
        async for _ in database.stream("select 1 as n", (), size=1):
            pass

    await answers_at_last(database, at_once=2)
    server.freeze()
    try:
        begun = time.monotonic()
        outcomes = await asyncio.gather(begin(), stream(), return_exceptions=True)
        assert all(isinstance(outcome, StatementTimeout | DatabaseUnavailable) for outcome in outcomes), outcomes
        assert time.monotonic() - begun < 3 * SOON_S
    finally:
        server.thaw()
        await database.close()


async def test_a_request_is_answered_503_within_a_second_and_200_afterwards(
    server: OwnServer, database: Database
) -> None:
    app = App()

    @app.get("/answer")
    async def show() -> dict[str, int]:
        return {"answer": await answer(database)}

    async with running_client(app) as client:
        (await client.get("/answer")).expect_status(200)
        server.stop()
        begun = time.monotonic()
        responses = await asyncio.gather(*(client.get("/answer") for _ in range(20)))
        assert time.monotonic() - begun < SOON_S
        assert {response.status for response in responses} == {503}
        assert all(response.headers.get("retry-after") for response in responses)
        assert all(database.url not in response.text for response in responses)
        server.start()
        (await client.get("/answer")).expect_status(200)


async def test_a_user_that_is_refused_is_told_so(server: OwnServer) -> None:
    head, _, tail = server.url.rpartition("@")
    database = Database(patient(f"{head.partition('://')[0]}://nobody:wrong@{tail.rpartition('/')[0]}/nowhere"))
    with pytest.raises(CannotOpen) as caught:
        await answer(database)
    assert "wrong" not in str(caught.value)
    await database.close()
