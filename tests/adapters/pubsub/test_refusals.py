"""Servers that are not there, or don't let this application in: what its developer reads."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from spica.pubsub.brokers.postgresql import PostgresqlBroker
from spica.pubsub.errors import BrokerUnavailable
from tests.adapters.pubsub.nodes import Node, own_tasks, running
from tests.adapters.pubsub.proxy import Proxy
from tests.adapters.pubsub.servers import IMPATIENT, QUICK, BrokerServer, NatsServer, PostgresqlServer
from tests.adapters.servers import PATIENCE_S, answers, own_folder
from tests.ports import reserved_port


async def refused(broker: object) -> BrokerUnavailable:
    """What the start of a broker raises."""
    tasks = own_tasks()
    node = Node(broker)  # type: ignore[arg-type]
    with pytest.raises(BrokerUnavailable) as caught:
        await node.start()
    with pytest.raises(BrokerUnavailable):
        await node.broker.publish(b"x")
    await node.broker.stop()
    await asyncio.sleep(0)
    assert own_tasks() == tasks
    assert "hunter2" not in str(caught.value)
    return caught.value


async def test_nobody_listens_there(server: BrokerServer) -> None:
    with reserved_port() as port:
        problem = await refused(server.make(port=port))
    assert problem.what.endswith("does not answer")
    assert f"127.0.0.1:{port}" in problem.what
    assert "refused" in problem.why.lower() or "connect call failed" in problem.why.lower()
    assert problem.fix == "start the server, or correct host and port in [pubsub] url"


async def test_somebody_listens_and_says_nothing(server: BrokerServer, proxy: Proxy) -> None:
    proxy.freeze()
    problem = await refused(server.make(port=proxy.port, timing=IMPATIENT))
    assert problem.what.endswith("does not answer")
    assert "no answer" in problem.why
    proxy.cut()


async def test_somebody_else_listens(server: BrokerServer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" * 200)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as other:
        problem = await refused(server.make(port=other.sockets[0].getsockname()[1]))
    assert problem.why


async def test_wrong_password(server: BrokerServer) -> None:
    problem = await refused(server.make(url=server.url_of("nobody", "hunter2")))
    assert problem.what.endswith("refuses this application")
    assert problem.why
    assert "user, password" in problem.fix


async def test_somebody_who_may_not_publish_or_not_listen(server: BrokerServer) -> None:
    if isinstance(server, PostgresqlServer):
        pytest.skip("who may connect to a PostgreSQL may notify and listen")
    for user in ("mute", "deaf"):
        problem = await refused(server.make(url=server.url_of(user, user)))
        assert problem.what.endswith("refuses this application")


async def test_the_rights_that_the_documentation_asks_for_are_enough(server: BrokerServer) -> None:
    if isinstance(server, PostgresqlServer):
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE ROLE narrow LOGIN PASSWORD 'narrow'")
        await connection.close()
    name, url = secrets.token_hex(6), server.url_of("narrow", "narrow")
    async with running(*(server.make(name, url=url) for _ in range(2))) as (one, two):
        await one.broker.publish(b"heard")
        await two.until_has(b"heard")
        await one.broker.check()


async def test_several_servers_of_a_cluster(server: BrokerServer) -> None:
    if not isinstance(server, NatsServer):
        pytest.skip("NATS only")
    name = secrets.token_hex(6)
    with reserved_port() as nobody:
        url = f"nats://all:all@127.0.0.1:{nobody},127.0.0.1:{server.port}"
        async with running(*(server.make(name, url=url) for _ in range(4))) as nodes:
            await nodes[0].broker.publish(b"found")
            for node in nodes[1:]:
                await node.until_has(b"found")


@pytest.fixture(params=["session", "transaction", "statement", "transaction\nserver_round_robin = 1"])
def pooler(request: pytest.FixtureRequest, server: BrokerServer) -> Iterator[tuple[str, str]]:
    """PgBouncer before the PostgreSQL. Gives its pool mode, and a URL."""
    if not isinstance(server, PostgresqlServer):
        pytest.skip("PostgreSQL only")
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    with own_folder("postgres") as (folder, prefix), reserved_port() as port:
        (folder / "users.txt").write_text('"postgres" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            f"auth_file = {folder}/users.txt\npool_mode = {request.param}\n"
        )
        for path in Path(folder).iterdir():
            path.chmod(0o644)
        process = subprocess.Popen(
            [*prefix, program, str(folder / "pgbouncer.ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not answers("127.0.0.1", str(port)):
                assert process.poll() is None, "pgbouncer did not start"
                assert time.monotonic() < deadline, "pgbouncer does not listen"
                time.sleep(0.01)  # a server of another process gives no event to wait for
            yield request.param.partition("\n")[0], f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


async def slept(url: str, others: asyncio.Barrier) -> None:
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        await others.wait()  # PgBouncer has accepted all of them: their statements are at the server at once
        await connection.execute("SELECT pg_sleep(0.5)")
    finally:
        await connection.close()


async def test_poolers(pooler: tuple[str, str]) -> None:
    mode, url = pooler
    name = secrets.token_hex(6)
    if mode == "session":
        async with running(*(PostgresqlBroker(url, name, QUICK) for _ in range(2))) as (one, two):
            await one.broker.publish(b"heard")
            await two.until_has(b"heard")
        return
    async with asyncio.TaskGroup() as group:  # so that the pool has several connections to give
        others = asyncio.Barrier(5)
        for _ in range(5):
            group.create_task(slept(url, others))
    problem = await refused(PostgresqlBroker(url, name, QUICK))
    assert "gives each transaction another connection" in problem.why
    assert "pool_mode = session" in problem.fix
