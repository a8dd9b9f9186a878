"""The stored text of every error of pub/sub: what a user reads is behaviour."""

from __future__ import annotations

import asyncio
import inspect
import os
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest

import spica.pubsub.errors
from spica import pubsub
from spica.errors.base import SpicaError
from spica.pubsub import FolderRefused, PubSub
from spica.pubsub.brokers import build_broker
from spica.pubsub.brokers.local import LocalBroker
from tests.unit.pubsub.fakes import FakeBroker


async def broadcast_without_a_server() -> None:
    broker = FakeBroker()

    async def start(*_: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    broker.start = start  # type: ignore[method-assign,assignment]
    bus = PubSub(broker)
    try:
        await bus.broadcast("room:7", "new_msg")
    finally:
        await bus.stop()


async def name_no_broker() -> None:
    build_broker("kafka://user:hunter2@example.com", "shop")


async def use_a_redis_without_its_package() -> None:
    with mock.patch("importlib.util.find_spec", return_value=None):
        build_broker("redis://:hunter2@example.com", "shop")


async def read_too_slowly() -> None:
    bus = PubSub()
    subscription = bus.subscribe("room:7", max_waiting=2)
    for _ in range(5):
        await bus.broadcast("room:7", "new_msg")
    await anext(subscription)


async def broadcast_without_an_application() -> None:
    previous = pubsub.use(None)
    try:
        await pubsub.broadcast("room:7", "new_msg")
    finally:
        pubsub.use(previous)


async def subscribe_elsewhere() -> None:
    bus = PubSub()
    await bus.start()

    async def subscribe() -> None:
        bus.subscribe("room:7")

    await asyncio.to_thread(lambda: asyncio.run(subscribe()))


async def meet_where_others_may_enter() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        shared = os.path.join(made, "shop")
        os.mkdir(shared)
        os.chmod(shared, 0o755)
        try:
            await PubSub(LocalBroker(f"local://{made}", "shop")).start()
        except FolderRefused as refused:
            refused.where, refused.fix = (text.replace(made, "/run") for text in (refused.where, refused.fix))
            raise


ACTIONS: dict[str, Callable[[], Awaitable[Any]]] = {
    "BrokerUnavailable": broadcast_without_a_server,
    "BrokerUrlError": name_no_broker,
    "FolderRefused": meet_where_others_may_enter,
    "PayloadTooLarge": lambda: PubSub().broadcast("room:7", "picture", bytes(2_000_000)),
    "InvalidTopic": lambda: PubSub().broadcast(7, "new_msg"),  # type: ignore[arg-type]
    "SubscriberTooSlow": read_too_slowly,
    "NoPubSub": broadcast_without_an_application,
    "WrongEventLoop": subscribe_elsewhere,
    "BrokerLibraryMissing": use_a_redis_without_its_package,
}
MESSAGES = {
    "BrokerUnavailable": """\
SPICA-P001  other processes can't be reached
  why    ConnectionRefusedError: [Errno 111] Connection refused""",
    "BrokerUrlError": """\
SPICA-P003  no broker is called 'kafka'
  where  [pubsub] url = 'kafka://user:[hidden]@example.com'
  why    there are memory, local, redis, rediss, unix, postgresql, postgres, nats, tls
  fix    url = "local" for the processes of one host, url = "redis://localhost:6379" for several hosts""",
    "FolderRefused": """\
SPICA-P002  the processes of this host can't find each other
  where  /run/shop
  why    others may enter it (mode 755), and could read and write every broadcast
  fix    chmod 700 /run/shop""",
    "PayloadTooLarge": """\
SPICA-P004  the payload of 'picture' on 'room:7' is 2,000,000 octets
  why    1,048,576 is the most: it goes to every process and every client that listens
  fix    broadcast where it is found, such as its id or address, and have those who need it fetch it""",
    "InvalidTopic": """\
SPICA-P005  the topic is 7
  why    topics and names of events are compared as text, in every process
  fix    write it as text: f"room:{room.id}" for a topic of a room""",
    "SubscriberTooSlow": """\
SPICA-P006  a subscriber of 'room:7' missed 3 events
  why    it took longer over them than they came, and no more than 2 wait
  fix    do less for each event, or let more wait: pubsub.subscribe(topic, max_waiting=10_000)""",
    "NoPubSub": """\
SPICA-P007  no application was started in this process, so there is nobody to broadcast for
  why    pubsub.broadcast and pubsub.subscribe are those of the application that was started last
  fix    in a script: async with app.pubsub as bus: await bus.broadcast(...)""",
    "WrongEventLoop": """\
SPICA-P008  this thread's event loop is not that of the application
  why    listeners are called on the loop that the application runs on
  fix    subscribe in a handler or at the application's start; broadcasting works from every thread""",
    "BrokerLibraryMissing": """\
SPICA-P009  the pub/sub broker redis://:[hidden]@example.com needs the package redis, which is not installed
  fix    pip install "spica[redis]\"""",
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_message(name: str) -> None:
    with pytest.raises(SpicaError) as caught:
        await ACTIONS[name]()
    assert type(caught.value).__name__ == name
    message, _, docs = str(caught.value).rpartition("\n  docs   ")
    assert message == MESSAGES[name]
    assert docs == f"docs/reference/errors.md#{caught.value.code.lower()}"


def test_every_error_has_a_stored_message() -> None:
    classes = {
        name
        for name, kind in inspect.getmembers(spica.pubsub.errors, inspect.isclass)
        if issubclass(kind, SpicaError) and kind.__module__ == spica.pubsub.errors.__name__
    }
    assert classes - {"PubSubError"} == set(MESSAGES)
