"""The bus on brokers of each kind: what applications see."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from spica.pubsub import Event, PubSub
from spica.pubsub.errors import BrokerUnavailable
from tests.adapters.pubsub.proxy import Proxy
from tests.adapters.pubsub.servers import BrokerServer
from tests.waiting import until


async def test_everybody_hears_an_event_once(server: BrokerServer) -> None:
    name = secrets.token_hex(6)
    heard: list[list[tuple[str, object]]] = [[], [], []]
    async with PubSub(server.make(name)) as one, PubSub(server.make(name)) as two, PubSub(server.make(name)) as three:
        for bus, events in zip((one, two, three), heard, strict=True):
            bus.listen("room:7", lambda event, events=events: events.append((event.name, event.payload)))
        for number in range(100):
            await one.broadcast("room:7", "new_msg", {"number": number, "text": "grüße"})
        await one.broadcast("room:8", "other")
        await one.broadcast("room:7", "picture", bytes(range(256)) * 4_000)
        await one.broadcast("room:7", "here", here_only=True)
        await two.broadcast("room:7", "end")
        await until(lambda: all(("end", None) in events for events in heard))
    expected: list[tuple[str, object]] = [("new_msg", {"number": number, "text": "grüße"}) for number in range(100)]
    expected.append(("picture", bytes(range(256)) * 4_000))
    assert heard[0] == [*expected, ("here", None), ("end", None)]
    for events in heard[1:]:
        assert [event for event in events if event[0] != "end"] == expected
        assert events.count(("end", None)) == 1


async def test_the_largest_payload(server: BrokerServer) -> None:
    name = secrets.token_hex(6)
    topic, payload = "t" * 1_024, "x" * (1_048_576 - 2)
    async with PubSub(server.make(name)) as one, PubSub(server.make(name)) as two, two.subscribe(topic) as events:
        await one.broadcast(topic, "n" * 1_024, payload)
        event = await asyncio.wait_for(anext(events), 20)
        assert event.payload == payload


async def test_events_of_another_application_are_not_heard(server: BrokerServer) -> None:
    async with PubSub(server.make()) as shop, PubSub(server.make()) as blog:
        heard: list[Event] = []
        blog.listen("room:7", heard.append)
        await shop.broadcast("room:7", "of the shop")
        await blog.broadcast("room:7", "end")
        await shop.check()
        await blog.check()
        assert [event.name for event in heard] == ["end"]


async def broadcast_a_thousand(bus: PubSub) -> None:
    for number in range(1_000):
        await bus.broadcast("room:7", "new_msg", number)


async def test_subscribers_here_have_got_what_others_could_not(server: BrokerServer, proxy: Proxy) -> None:
    async with PubSub(server.make(port=proxy.port)) as bus:
        heard: list[Event] = []
        bus.listen("room:7", heard.append)
        proxy.close()
        proxy.cut()
        with pytest.raises(BrokerUnavailable) as caught:
            await broadcast_a_thousand(bus)
        assert caught.value.status == 503
        assert [event.payload for event in heard] == list(range(len(heard)))
        with pytest.raises(BrokerUnavailable):
            await bus.check()
        await proxy.open()
        async with asyncio.timeout(20):
            while True:
                try:
                    await bus.check()
                    break
                except BrokerUnavailable:
                    await asyncio.sleep(0.01)


async def test_a_server_that_comes_after_the_application(server: BrokerServer, proxy: Proxy) -> None:
    proxy.close()
    name = secrets.token_hex(6)
    bus = PubSub(server.make(name, port=proxy.port))
    heard: list[Event] = []
    try:
        bus.listen("room:7", heard.append)
        with pytest.raises(BrokerUnavailable, match="does not answer"):
            await bus.broadcast("room:7", "too early")
        await proxy.open()
        async with PubSub(server.make(name)) as other, asyncio.timeout(20):
            while "hello" not in [event.name for event in heard]:
                await other.broadcast("room:7", "hello")
                await asyncio.sleep(0.02)
    finally:
        await bus.stop()
