"""Subscriptions: events as an async iterator, bounded, and gone with their reader."""

from __future__ import annotations

import asyncio

import pytest

from spica.pubsub import Event, PubSub, SubscriberTooSlow
from tests.unit.pubsub.fakes import FakeBroker


async def test_a_reader_gets_what_comes_from_now_on() -> None:
    bus = PubSub()
    await bus.broadcast("t", "before")
    subscription = bus.subscribe("t")
    await bus.broadcast("t", "one")
    await bus.broadcast("other", "two")
    reading = asyncio.create_task(_take(subscription, 2))
    await asyncio.sleep(0)
    await bus.broadcast("t", "three")
    assert await reading == ["one", "three"]


async def _take(subscription: object, count: int) -> list[str]:
    taken: list[str] = []
    async for event in subscription:  # type: ignore[attr-defined]
        taken.append(event.name)
        if len(taken) == count:
            break
    return taken


async def test_a_context_manager_ends_it() -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    async with bus.subscribe("t") as subscription:
        assert broker.starts == 1, "others know of it"
        assert bus.has_listeners
        await bus.broadcast("t", "one")
    assert not bus.has_listeners
    assert [event async for event in subscription] == []


async def test_closing_ends_a_reader_that_waits() -> None:
    bus = PubSub()
    subscription = bus.subscribe("t")

    async def read() -> list[Event]:
        return [event async for event in subscription]

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    await subscription.close()
    assert await reading == []
    await subscription.close()


async def test_a_reader_that_is_dropped_is_unsubscribed() -> None:
    bus = PubSub()
    subscription = bus.subscribe("t")
    assert bus.has_listeners
    del subscription
    assert not bus.has_listeners


async def test_a_reader_that_is_cancelled_is_unsubscribed() -> None:
    bus = PubSub()

    async def read() -> None:
        async for _ in bus.subscribe("t"):
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    assert bus.has_listeners
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    del reading
    assert not bus.has_listeners


async def test_a_generator_that_is_closed_at_a_yield_is_unsubscribed() -> None:
    bus = PubSub()

    async def stream():  # type: ignore[no-untyped-def]
        async for event in bus.subscribe("t"):
            yield event.name

    events = stream()
    first = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    await bus.broadcast("t", "one")
    assert await first == "one"
    await events.aclose()
    assert not bus.has_listeners


async def test_who_lags_is_told_how_many_it_missed_and_reads_what_is_current() -> None:
    bus = PubSub()
    subscription = bus.subscribe("t", max_waiting=3)
    for number in range(5):
        await bus.broadcast("t", str(number))
    with pytest.raises(SubscriberTooSlow) as raised:
        await anext(subscription)
    assert raised.value.missed == 2
    assert await _take(subscription, 3) == ["2", "3", "4"]
    await bus.broadcast("t", "5")
    assert await _take(subscription, 1) == ["5"]


async def test_who_reads_on_misses_nothing_of_a_burst() -> None:
    bus = PubSub()
    subscription = bus.subscribe("t")
    reading = asyncio.create_task(_take(subscription, 10_000))
    for number in range(10_000):
        await bus.broadcast("t", str(number))
    assert await reading == [str(number) for number in range(10_000)]


async def test_a_subscription_has_one_reader() -> None:
    bus = PubSub()
    subscription = bus.subscribe("t")
    first = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one reader"):
        await anext(subscription)
    await bus.broadcast("t", "one")
    assert (await first).name == "one"


@pytest.mark.parametrize("number", [0, -1])
async def test_something_has_to_be_able_to_wait(number: int) -> None:
    with pytest.raises(ValueError, match="max_waiting"):
        PubSub().subscribe("t", max_waiting=number)


async def test_a_server_that_leaves_ends_readers_while_broadcasts_go_on() -> None:
    bus = PubSub()
    heard: list[Event] = []
    bus.listen("t", heard.append)
    before = bus.subscribe("t")
    await bus.broadcast("t", "one")
    bus.end_subscriptions()
    await bus.broadcast("t", "two")
    assert [event.name async for event in before] == ["one", "two"]
    assert [event.name async for event in bus.subscribe("t")] == []
    assert [event.name for event in heard] == ["one", "two"]
    await bus.stop()
    after = bus.subscribe("t")
    await bus.broadcast("t", "three")
    assert (await anext(after)).name == "three"
