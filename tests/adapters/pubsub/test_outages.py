"""What happens when the server, or the way to it, is gone: failures at once, and everything again when it is back."""

from __future__ import annotations

import asyncio
import logging
import secrets

import pytest

from spica.pubsub.errors import BrokerUnavailable
from tests.adapters.pubsub.nodes import Node, own_tasks, running
from tests.adapters.pubsub.proxy import Proxy
from tests.adapters.pubsub.servers import IMPATIENT, QUICK, BrokerServer, PostgresqlServer, RedisServer
from tests.waiting import until


async def published_at_last(node: Node, message: bytes) -> None:
    """Publish as soon as it is possible again."""
    async with asyncio.timeout(20):
        while True:
            try:
                await node.broker.publish(message)
                return
            except BrokerUnavailable:
                await asyncio.sleep(0.01)


async def heard_again(one: Node, two: Node) -> None:
    """Wait until both ways work. What is published before the other one listens again is lost."""
    for source, target in ((one, two), (two, one)):
        async with asyncio.timeout(20):
            message = secrets.token_bytes(8)
            while message not in target.received:
                await published_at_last(source, message)
                await asyncio.sleep(0.02)


def lines(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


async def test_connections_that_are_cut(server: BrokerServer, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "spica.pubsub")
    name = secrets.token_hex(6)
    async with running(server.make(name, port=proxy.port), server.make(name)) as (one, two):
        proxy.close()
        proxy.cut()
        await until(lambda: one.broker.problem != "")
        started = asyncio.get_running_loop().time()
        with pytest.raises(BrokerUnavailable, match="is away") as caught:
            await one.broker.publish(b"lost too")
        assert asyncio.get_running_loop().time() - started < QUICK.answer_s / 2, "it waited for an answer"
        assert caught.value.status == 503
        assert caught.value.why
        with pytest.raises(BrokerUnavailable):
            await one.broker.check()
        await proxy.open()
        await until(lambda: one.broker.problem == "")
        await one.broker.check()
        await two.broker.publish(b"to one")
        await one.until_has(b"to one")
        await one.broker.publish(b"to two")
        await two.until_has(b"to two")
        assert b"lost too" not in two.received, "a message that failed was sent later"
    assert len(lines(caplog, "lost the pub/sub broker")) == 1
    assert len(lines(caplog, "is back after")) == 1


async def test_a_broker_that_only_listens_notices_by_itself(server: BrokerServer, proxy: Proxy) -> None:
    name = secrets.token_hex(6)
    async with running(server.make(name, port=proxy.port), server.make(name)) as (one, two):
        proxy.cut()
        await until(lambda: one.broker.problem != "")
        await until(lambda: one.broker.problem == "")
        await two.broker.publish(b"to one")
        await one.until_has(b"to one")


async def test_a_frozen_network(server: BrokerServer, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing ends, nothing arrives. Neither who publishes nor who only listens waits for ever."""
    name = secrets.token_hex(6)
    loop = asyncio.get_running_loop()
    async with running(
        server.make(name, port=proxy.port, timing=IMPATIENT), server.make(name, port=proxy.port, timing=IMPATIENT)
    ) as (one, two):
        proxy.freeze()
        started = loop.time()
        failed = await asyncio.gather(*(one.broker.publish(b"%d" % n) for n in range(500)), return_exceptions=True)
        assert all(isinstance(problem, BrokerUnavailable) for problem in failed)
        assert f"no answer within {IMPATIENT.answer_s:g} s" in one.broker.problem
        assert loop.time() - started < 4 * IMPATIENT.answer_s, "each of the 8 batches waited"
        await until(lambda: two.broker.problem != "")
        proxy.cut()
        proxy.thaw()
        await heard_again(one, two)


async def test_a_frozen_network_under_a_long_message(server: BrokerServer, proxy: Proxy) -> None:
    """More than the sockets between take: it is stuck while it is written."""
    async with running(server.make(port=proxy.port, timing=IMPATIENT)) as (one,):
        proxy.freeze()
        publishing = [asyncio.create_task(one.broker.publish(bytes(1_000_000))) for _ in range(20)]
        done, waiting = await asyncio.wait(publishing, timeout=20)
        assert not waiting
        assert all(isinstance(task.exception(), BrokerUnavailable) for task in done)
        proxy.cut()
        proxy.thaw()
        await published_at_last(one, b"again")


async def test_a_server_that_is_killed_and_started_again(server: BrokerServer) -> None:
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        try:
            await asyncio.to_thread(server.kill)
            await until(lambda: one.broker.problem != "" and two.broker.problem != "")
            with pytest.raises(BrokerUnavailable):
                await one.broker.publish(b"lost")
        finally:
            await asyncio.to_thread(server.start)
        await heard_again(one, two)
        assert b"lost" not in two.received


async def test_connections_that_an_administrator_ends(server: BrokerServer) -> None:
    if not isinstance(server, PostgresqlServer | RedisServer):
        pytest.skip("NATS 2.9 has no command for it")
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        for _ in range(3):
            assert await server.kill_connections() >= 2
            await heard_again(one, two)


async def test_killed_under_load_nothing_comes_twice_or_out_of_order(server: BrokerServer, proxy: Proxy) -> None:
    name = secrets.token_hex(6)
    async with running(server.make(name, port=proxy.port), server.make(name)) as (one, two):
        sent = failed = 0
        accepted: list[bytes] = []
        cuts = 0
        async with asyncio.timeout(100):
            while len(accepted) < 3_000 or cuts < 3:
                message = b"%d" % sent
                sent += 1
                if sent % 900 == 0:
                    proxy.cut()
                    cuts += 1
                try:
                    await one.broker.publish(message)
                    accepted.append(message)
                except BrokerUnavailable:
                    failed += 1
                    await asyncio.sleep(0.005)
        await two.until_has(*accepted)
        numbers = [int(message) for message in two.received]
        assert numbers == sorted(set(numbers))
        assert failed


async def test_stop_while_publishing(server: BrokerServer, proxy: Proxy) -> None:
    name = secrets.token_hex(6)
    tasks = own_tasks()
    async with running(server.make(name, port=proxy.port), server.make(name)) as (one, two):
        publishing = [asyncio.create_task(one.broker.publish(b"%d" % number)) for number in range(1_000)]
        await asyncio.sleep(0)
        await one.broker.stop()
        results = await asyncio.gather(*publishing, return_exceptions=True)
        assert results == [None] * 1_000, "what waited was not sent"
        with pytest.raises(BrokerUnavailable, match="is away"):
            await one.broker.publish(b"late")
        await two.until(lambda received: len(received) == 1_000)
        await until(lambda: proxy.connections == 0)
    assert own_tasks() == tasks


async def test_stop_while_the_network_is_frozen(server: BrokerServer, proxy: Proxy) -> None:
    async with running(server.make(port=proxy.port, timing=IMPATIENT)) as (one,):
        proxy.freeze()
        publishing = [asyncio.create_task(one.broker.publish(bytes(500_000))) for _ in range(20)]
        await asyncio.sleep(0)
        async with asyncio.timeout(15):
            await one.broker.stop()
        results = await asyncio.gather(*publishing, return_exceptions=True)
        assert all(isinstance(problem, BrokerUnavailable) for problem in results)
    proxy.thaw()
    await until(lambda: proxy.connections == 0)


async def test_stop_while_it_tries_to_reconnect(server: BrokerServer, proxy: Proxy) -> None:
    async with running(server.make(port=proxy.port, timing=IMPATIENT)) as (one,):
        proxy.freeze()
        proxy.cut()
        await until(lambda: one.broker.problem != "" and proxy.connections > 0)
        async with asyncio.timeout(15):
            await one.broker.stop()
    proxy.thaw()
    await until(lambda: proxy.connections == 0)


async def test_a_start_that_is_cancelled_leaves_nothing(server: BrokerServer, proxy: Proxy) -> None:
    tasks = own_tasks()
    for steps in (*range(0, 24, 2), 40, 80):
        broker = server.make(port=proxy.port)
        starting = asyncio.create_task(Node(broker).start())
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        starting.cancel()
        await asyncio.wait([starting])
        await broker.stop()
    await until(lambda: proxy.connections == 0)
    await until(lambda: own_tasks() == tasks)


async def test_publishers_that_are_cancelled_harm_nobody(server: BrokerServer) -> None:
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        for round_ in range(20):
            publishing = [asyncio.create_task(one.broker.publish(b"%d" % number)) for number in range(100)]
            for _ in range(round_):
                await asyncio.sleep(0)
            for task in publishing[::2]:
                task.cancel()
            results = await asyncio.gather(*publishing, return_exceptions=True)
            assert results[1::2] == [None] * 50
        await one.broker.publish(b"end")
        await two.until_has(b"end")
        assert two.received.count(b"99") == 20
