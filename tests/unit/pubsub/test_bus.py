"""The bus: who hears what, in which order, and what is refused."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from spica.http.errors import UnencodableValue
from spica.pubsub import BrokerUnavailable, Event, InvalidTopic, PayloadTooLarge, PubSub, WrongEventLoop
from spica.pubsub.message import decode_message, encode_message
from tests.unit.pubsub.fakes import FakeBroker, Hall


def hear(bus: PubSub, topic: str = "t") -> list[Event]:
    heard: list[Event] = []
    bus.listen(topic, heard.append)
    return heard


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


# One process


async def test_listeners_of_the_topic_hear_it_at_once_and_in_order() -> None:
    bus = PubSub()
    mine, also, other = hear(bus), hear(bus), hear(bus, "other")
    await bus.broadcast("t", "one", {"n": 1})
    await bus.broadcast("t", "two")
    assert names(mine) == names(also) == ["one", "two"]
    assert [event.payload for event in mine] == [{"n": 1}, None]
    assert mine[0] is also[0], "encoded and decoded once for all"
    assert not other
    assert [event.id for event in mine] == [f"{bus.node}-1", f"{bus.node}-2"]


async def test_unlistening_is_at_once_and_may_be_repeated() -> None:
    bus = PubSub()
    heard: list[Event] = []
    endings = []
    endings.append(bus.listen("t", lambda event: endings[1]()))
    endings.append(bus.listen("t", heard.append))
    await bus.broadcast("t", "one")
    endings[1]()
    endings[0]()
    endings[0]()
    assert not heard
    assert not bus.has_listeners


async def test_an_old_ending_leaves_new_listeners_of_the_topic_alone() -> None:
    bus = PubSub()
    end = bus.listen("t", lambda event: None)
    end()
    heard = hear(bus)
    end()
    await bus.broadcast("t", "one")
    assert names(heard) == ["one"]


async def test_a_function_can_listen_twice() -> None:
    bus = PubSub()
    heard: list[Event] = []
    end = bus.listen("t", heard.append)
    bus.listen("t", heard.append)
    await bus.broadcast("t", "one")
    end()
    await bus.broadcast("t", "two")
    assert names(heard) == ["one", "one", "two"]


async def test_a_listener_that_fails_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    bus = PubSub()
    bus.listen("t", lambda event: 1 // 0)  # type: ignore[arg-type,return-value]
    heard = hear(bus)
    await bus.broadcast("t", "one")
    assert names(heard) == ["one"]
    assert "a listener of 't' failed with the event 'one'" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_sender_is_told_to_listeners() -> None:
    bus = PubSub()
    heard, me = hear(bus), object()
    await bus.broadcast("t", "one", sender=me)
    assert heard[0].sender is me


async def test_octets_are_broadcast_as_they_are() -> None:
    bus = PubSub()
    heard = hear(bus)
    for payload in (b"\x00\xff", bytearray(b"\x00\xff"), memoryview(b"\x00\xff")):
        await bus.broadcast("t", "one", payload)
    assert [(event.payload, event.is_binary) for event in heard] == [(b"\x00\xff", True)] * 3


@pytest.mark.parametrize("topic", ["", "x" * 1025, None, 7, b"t"])
async def test_a_topic_is_text(topic: object) -> None:
    bus = PubSub()
    with pytest.raises(InvalidTopic):
        await bus.broadcast(topic, "one")  # type: ignore[arg-type]
    with pytest.raises(InvalidTopic):
        await bus.broadcast("t", topic)  # type: ignore[arg-type]
    with pytest.raises(InvalidTopic):
        bus.subscribe(topic)  # type: ignore[arg-type]


async def test_what_can_not_be_sent_is_heard_by_nobody() -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    heard, surrogate = hear(bus), hear(bus, "\ud800")
    with pytest.raises(UnencodableValue):
        await bus.broadcast("t", "one", object())
    with pytest.raises(PayloadTooLarge):
        await bus.broadcast("t", "one", b"x" * 1_048_577)
    with pytest.raises(InvalidTopic, match="UTF-8"):
        await bus.broadcast("\ud800", "one")
    assert not heard
    assert not surrogate
    assert not broker.published
    await bus.broadcast("t", "one", b"x" * 1_048_576)
    assert len(broker.published) == 1


async def test_who_broadcasts_without_a_pause_lets_others_run() -> None:
    bus = PubSub()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    for _ in range(640):
        await bus.broadcast("t", "one")
    counting.cancel()
    assert turns >= 9


# Several processes


async def test_others_hear_it_and_the_publisher_once() -> None:
    hall = Hall()
    one, two = PubSub(hall.broker()), PubSub(hall.broker())
    here, there = hear(one), hear(two)
    await two.start()
    await one.broadcast("t", "one", {"n": 1}, sender=object())
    assert names(here) == names(there) == ["one"]
    assert there[0].payload == {"n": 1}
    assert (there[0].id, there[0].node, there[0].sender) == (here[0].id, one.node, None)


async def test_here_only_stays_here() -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    heard = hear(bus)
    await bus.broadcast("t", "one", here_only=True)
    assert names(heard) == ["one"]
    assert not broker.published


async def test_listening_starts_the_broker() -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    bus.listen("t", lambda event: None)
    await bus.start()
    await bus.start()
    assert broker.starts == 1


async def test_a_broadcast_starts_the_broker() -> None:
    broker = FakeBroker()
    await PubSub(broker).broadcast("t", "one")
    assert (broker.starts, len(broker.published)) == (1, 1)


async def test_order_is_kept_while_the_broker_starts() -> None:
    broker = FakeBroker()
    broker.opens.clear()
    bus = PubSub(broker)
    heard = hear(bus)
    sent = [asyncio.create_task(bus.broadcast("t", str(number))) for number in range(5)]
    await asyncio.sleep(0)
    # One that comes when the others were let go but have not run yet.
    assert bus._connection is not None
    opening = bus._connection._opening
    assert opening is not None
    last = asyncio.get_running_loop().create_future()
    opening.add_done_callback(lambda _: last.set_result(asyncio.create_task(bus.broadcast("t", "5"))))
    broker.opens.set()
    await asyncio.gather(*sent, await last)
    assert names(heard) == [str(number) for number in range(6)]
    assert [decode_message(message).name for message in broker.published] == names(heard)


async def test_who_is_unreachable_is_told_and_subscribers_here_heard_it(caplog: pytest.LogCaptureFixture) -> None:
    broker = FakeBroker()
    broker.fails = 2
    bus = PubSub(broker)
    heard = hear(bus)
    for name in ("one", "two"):
        with pytest.raises(BrokerUnavailable) as raised:
            await bus.broadcast("t", name)
        assert raised.value.status == 503
    assert names(heard) == ["one", "two"]
    with pytest.raises(BrokerUnavailable):
        await bus.check()
    assert bus._connection is not None
    assert bus._connection._opening is not None
    await asyncio.wait([bus._connection._opening], timeout=60)
    await bus.broadcast("t", "three")
    await bus.check()
    assert [decode_message(message).name for message in broker.published] == ["three"], "at most once"
    assert caplog.text.count("can't be reached") == 1
    assert caplog.text.count("can be reached again") == 1


async def test_a_broker_with_a_mistake_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    broker = FakeBroker()
    bus = PubSub(broker)

    async def start(*_: object) -> None:
        raise KeyError("mistake")

    broker.start = start  # type: ignore[method-assign,assignment]
    with pytest.raises(BrokerUnavailable, match="KeyError"):
        await bus.start()
    assert "Traceback" in caplog.text
    await bus.stop()


async def test_a_check_asks_the_broker_once_it_was_started() -> None:
    broker = FakeBroker()
    broker.is_lost = True
    bus = PubSub(broker)
    await bus.check()
    await bus.start()
    with pytest.raises(BrokerUnavailable):
        await bus.check()


async def test_what_comes_in_and_is_no_message_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    heard = hear(bus)
    await bus.start()
    broker.receive(b"GET / HTTP/1.1")
    broker.receive(encode_message(Event("t", "one", "other", 1, b"null")))
    assert names(heard) == ["one"]
    assert "was dropped" in caplog.text


async def test_peers_are_told_once_each_way(caplog: pytest.LogCaptureFixture) -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    told: list[tuple[str, bool]] = []
    bus.listen_peers(lambda node, is_there: 1 // 0)  # type: ignore[arg-type,return-value]
    end = bus.listen_peers(lambda node, is_there: told.append((node, is_there)))
    await bus.start()
    for node, is_there in [("a", True), ("a", True), ("b", True), ("b", False), ("b", False), ("c", False)]:
        broker.peer(node, is_there)
    assert told == [("a", True), ("b", True), ("b", False)]
    assert bus.peers == {"a"}
    end()
    end()
    broker.peer("a", False)
    assert len(told) == 3
    assert "a listener of peers failed" in caplog.text


async def test_stopping_ends_readers_and_starting_again_is_another_node() -> None:
    hall = Hall()
    bus = PubSub(hall.broker())
    heard = hear(bus)
    subscription = bus.subscribe("t")
    await bus.broadcast("t", "one")
    before = bus.node
    await bus.stop()
    assert names([event async for event in subscription]) == ["one"]
    assert not hall.brokers
    assert bus.node != before
    await bus.broadcast("t", "two")
    assert names(heard) == ["one", "two"], "listeners outlive a stop"
    await bus.stop()
    await bus.stop()


async def test_stopping_while_it_starts() -> None:
    broker = FakeBroker()
    broker.opens.clear()
    bus = PubSub(broker)
    waiting = asyncio.create_task(bus.broadcast("t", "one"))
    await asyncio.sleep(0)
    await bus.stop()
    with pytest.raises(BrokerUnavailable):
        await waiting
    broker.opens.set()
    await bus.broadcast("t", "two")
    assert len(broker.published) == 1


async def test_a_start_waits_for_the_stop_before_it() -> None:
    broker = FakeBroker()
    bus = PubSub(broker)
    await bus.start()
    steps: list[str] = []
    leaves, stop, start = asyncio.Event(), broker.stop, broker.start

    async def stop_slowly() -> None:
        await leaves.wait()
        await stop()
        steps.append("stopped")

    async def start_again(*arguments: Any) -> None:
        steps.append("started")
        await start(*arguments)

    broker.stop, broker.start = stop_slowly, start_again  # type: ignore[method-assign]
    stopping = asyncio.create_task(bus.stop())
    await asyncio.sleep(0)
    starting = asyncio.create_task(bus.broadcast("t", "one"))
    await asyncio.sleep(0)
    leaves.set()
    await asyncio.gather(stopping, starting)
    assert steps == ["stopped", "started"]


async def test_a_broker_that_fails_to_stop_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    bus = PubSub(FakeBroker())
    await bus.start()

    async def stop() -> None:
        raise OSError("no")

    bus._broker.stop = stop  # type: ignore[method-assign,union-attr]
    await bus.stop()
    assert "failed to stop" in caplog.text


# Event loops


async def test_a_broadcast_from_another_thread_is_handed_over() -> None:
    bus = PubSub(FakeBroker())
    threads: list[int] = []
    bus.listen("t", lambda event: threads.append(threading.get_ident()))
    await asyncio.to_thread(lambda: asyncio.run(bus.broadcast("t", "one")))
    assert threads == [threading.get_ident()]


async def test_a_subscription_of_another_loop_is_refused() -> None:
    bus = PubSub()
    await bus.broadcast("t", "one")

    async def subscribe() -> None:
        bus.subscribe("t")

    with pytest.raises(WrongEventLoop):
        await asyncio.to_thread(lambda: asyncio.run(subscribe()))


def test_a_bus_outlives_its_loop() -> None:
    """As a script has that calls asyncio.run twice, and never stops the bus."""
    broker = FakeBroker()
    bus = PubSub(broker)
    asyncio.run(bus.broadcast("t", "one"))
    asyncio.run(bus.broadcast("t", "two"))
    assert (broker.starts, len(broker.published)) == (2, 2)


def test_listening_before_the_loop_runs(caplog: pytest.LogCaptureFixture) -> None:
    bus = PubSub(FakeBroker())
    heard = hear(bus)
    asyncio.run(bus.broadcast("t", "one"))
    assert names(heard) == ["one"]
    assert caplog.records == [] or caplog.records[0].levelno < logging.ERROR


async def test_a_bus_tells_whether_anybody_listens_to_a_topic() -> None:
    bus = PubSub()
    unlisten = bus.listen("room:7", lambda event: None)
    assert (bus.hears("room:7"), bus.hears("room:8")) == (True, False)
    unlisten()
    assert not bus.hears("room:7")
