"""What a broker delivers, to whom, in which order."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from spica.pubsub.broker import BATCH, MAX_MESSAGE_BYTES, Broker
from spica.pubsub.brokers.local import LocalBroker
from tests.adapters.pubsub.nodes import own_tasks, running
from tests.adapters.pubsub.servers import BrokerServer

EVERY_OCTET = bytes(range(256))


class Maker(Protocol):
    """What makes brokers that reach each other."""

    def make(self, name: str) -> Broker: ...


class LocalMaker:
    """Makes brokers that meet in a folder: they have no server."""

    def __init__(self, folder: str) -> None:
        self._url = f"local://{folder}"

    def make(self, name: str) -> Broker:
        return LocalBroker(self._url, name)


@pytest.fixture(params=["redis", "postgresql", "nats", "local"])
def server(request: pytest.FixtureRequest, server_of: Callable[[str], BrokerServer]) -> Iterator[Maker]:
    """Every broker; the local one has no server that could be cut off, as the other suites of this folder do."""
    if request.param != "local":
        yield server_of(request.param)
        return
    with tempfile.TemporaryDirectory(prefix="spica-test-", dir="/tmp") as folder:
        yield LocalMaker(folder)


async def test_two_nodes_hear_each_other(server: Maker) -> None:
    async with running(server.make("two" + (name := secrets.token_hex(4))), server.make("two" + name)) as (one, two):
        await one.broker.publish(b"from one")
        await two.broker.publish(b"from two")
        await one.until_has(b"from two")
        await two.until_has(b"from one")


async def test_each_of_three_nodes_hears_the_others_once(server: Maker) -> None:
    name = secrets.token_hex(6)
    async with running(*(server.make(name) for _ in range(3))) as nodes:
        for number, node in enumerate(nodes):
            await node.broker.publish(b"from %d" % number)
        for number, node in enumerate(nodes):
            others = {b"from %d" % other for other in range(3) if other != number}
            await node.until_has(*others)
        for node in nodes:
            await node.broker.publish(b"end")
        for number, node in enumerate(nodes):
            await node.until(lambda received: received.count(b"end") >= 2)
            for other in range(3):
                assert node.received.count(b"from %d" % other) <= 1 if other == number else 1


@pytest.mark.parametrize("length", [1, 7_999, 8_000, 8_001, 65_536, 1_048_576, MAX_MESSAGE_BYTES])
@pytest.mark.parametrize("kind", ["text", "unicode", "octets"])
async def test_messages_of_any_length_arrive_as_they_were(server: Maker, length: int, kind: str) -> None:
    pattern = {"text": b'{"room": 7}', "unicode": "ü€😀".encode(), "octets": EVERY_OCTET[::-1]}[kind]
    message = (pattern * (length // len(pattern) + 1))[:length]
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        await one.broker.publish(message)
        await one.broker.publish(b"after")
        await two.until_has(b"after")
        assert two.received == [message, b"after"]


@pytest.mark.parametrize("octet", [0, 10, 13, 34, 39, 92, 127, 128, 255])
async def test_octets_that_mean_something_to_some_server(server: Maker, octet: int) -> None:
    name = secrets.token_hex(6)
    messages = [bytes([octet]), bytes([octet]) * 3, b"PING\r\n" + bytes([octet]), EVERY_OCTET * 40]
    async with running(server.make(name), server.make(name)) as (one, two):
        for message in messages:
            await one.broker.publish(message)
        await two.until(lambda received: len(received) == len(messages))
        assert two.received == messages


async def test_equal_messages_are_all_delivered(server: Maker) -> None:
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        await asyncio.gather(*(one.broker.publish(b"the same") for _ in range(50)))
        await two.until(lambda received: len(received) == 50)


@pytest.mark.parametrize("name", ["a.b", "with space", "ümläut", "*", ">", "x" * 200, 'quote"', "a\nb"])
async def test_names_of_applications_keep_them_apart(server: Maker, name: str) -> None:
    salt = secrets.token_hex(4)
    here, there = f"{name}{salt}", f"{name}{salt}x"
    async with running(*(server.make(one) for one in (here, here, there, there))) as (one, two, other, another):
        await one.broker.publish(b"here")
        await other.broker.publish(b"there")
        await two.until_has(b"here")
        await another.until_has(b"there")
        await one.broker.publish(b"end")
        await other.broker.publish(b"end")
        await two.until_has(b"end")
        await another.until_has(b"end")
        assert two.received == [b"here", b"end"]
        assert another.received == [b"there", b"end"]


async def test_order_of_each_publisher_under_load(server: Maker) -> None:
    """Two publish at once, many messages under way at a time, some of them long; a third one hears both in order."""
    name, rounds = secrets.token_hex(6), 1_000

    def message(node: int, number: int) -> bytes:
        return b"%d:%d:" % (node, number) + b"x" * (20_000 if number % 50 == 0 else number % 300)

    async with running(*(server.make(name) for _ in range(3))) as (one, two, three):
        await asyncio.gather(
            *(one.broker.publish(message(1, number)) for number in range(rounds)),
            *(two.broker.publish(message(2, number)) for number in range(rounds)),
        )
        await three.until(lambda received: len(received) == 2 * rounds)
        for node in (1, 2):
            mine = [found for found in three.received if found.startswith(b"%d:" % node)]
            assert mine == [message(node, number) for number in range(rounds)]


async def test_a_burst_of_ten_thousand_leaves_others_their_turn(server: Maker) -> None:
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        most = done = 0

        async def watch() -> None:
            nonlocal most
            before = 0
            while not done:
                most, before = max(most, len(two.received) - before), len(two.received)
                await asyncio.sleep(0)

        watcher = asyncio.create_task(watch())
        await asyncio.gather(*(one.broker.publish(b"%d" % number) for number in range(10_000)))
        await two.until(lambda received: len(received) == 10_000)
        done = 1
        await watcher
        assert two.received == [b"%d" % number for number in range(10_000)]
        assert most < 3 * BATCH, "messages in a row, in which nobody else had a turn"


async def test_nothing_is_left_after_stop(server: Maker) -> None:
    tasks = own_tasks()
    name = secrets.token_hex(6)
    broker, other = server.make(name), server.make(name)
    async with running(broker, other) as (one, two):
        await one.broker.publish(b"before")
        await two.until_has(b"before")
        await one.broker.stop()
        await one.broker.stop()  # again: nothing
        await two.broker.publish(b"after")
        await one.start()
        await two.broker.publish(b"at last")
        await one.until_has(b"at last")
        assert b"after" not in one.received
    assert own_tasks() == tasks
