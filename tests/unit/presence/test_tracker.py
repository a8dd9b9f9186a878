"""spica.presence.tracker: a replica on a bus, with a clock, within one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica.presence.tracker import FORMAT, TOPIC, Tracker
from spica.pubsub import Event, PubSub
from tests.unit.pubsub.fakes import FakeBroker, Hall
from tests.waiting import until

HEARTBEAT_S = 0.12
META = b'{"name":"Ann"}'


class Node:
    """One process: its bus, its tracker, and the diffs that its clients got."""

    def __init__(self, hall: Hall) -> None:
        self.broker: FakeBroker = hall.broker()
        self.bus = PubSub(self.broker)
        self.tracker = Tracker(self.bus, heartbeat_s=HEARTBEAT_S)
        self.diffs: list[Event] = []
        self.bus.listen("room:7", self.diffs.append)

    def keys(self) -> list[str]:
        return sorted(self.tracker.read("room:7"))


@pytest.fixture
async def nodes() -> AsyncIterator[list[Node]]:
    hall = Hall()
    nodes = [Node(hall) for _ in range(3)]
    for node in nodes:
        await node.bus.start()
        node.tracker.start()
    yield nodes
    for node in nodes:
        await node.tracker.stop()


async def at_rest(nodes: list[Node]) -> None:
    """Wait until each has asked the others, those before it have answered, and nothing more is to be said."""
    await until(lambda: all(node.broker.published for node in nodes))
    await until(lambda: all(any(b"state" in said for said in node.broker.published) for node in nodes[:-1]))
    await until(lambda: all(node.tracker.is_resting for node in nodes))


async def test_all_nodes_know_who_is_tracked_on_one(nodes: list[Node]) -> None:
    a, b, c = nodes
    entry = a.tracker.join("room:7", "1", META)
    assert a.keys() == ["1"]
    await until(lambda: b.keys() == c.keys() == ["1"])
    assert (
        a.tracker.read("room:7")
        == b.tracker.read("room:7")
        == {"1": {"metas": [{"phx_ref": entry.ref, "name": "Ann"}]}}
    )
    a.tracker.leave(entry)
    await until(lambda: not b.keys() and not c.keys())
    await until(lambda: all(len(node.diffs) == 2 for node in nodes))
    for node in nodes:
        joined, left = (diff.payload for diff in node.diffs)
        assert (list(joined["joins"]), joined["leaves"], left["joins"], list(left["leaves"])) == (["1"], {}, {}, ["1"])


async def test_what_happens_in_one_round_is_one_diff_and_one_message(nodes: list[Node]) -> None:
    a, b, _ = nodes
    await at_rest(nodes)
    before = len(a.broker.published)
    for key in range(50):
        entry = a.tracker.join("room:7", str(key), b"{}")
        a.tracker.join("room:7", str(key), META, previous=entry)
    a.tracker.leave(a.tracker.join("room:7", "gone", META))
    await until(lambda: a.diffs and b.diffs)
    assert len([message for message in a.broker.published[before:] if b"heartbeat" not in message]) == 1
    for node in (a, b):
        (diff,) = node.diffs  # and none comes later: everybody knows all by now
        assert len(diff.payload["joins"]) == 50
        assert diff.payload["leaves"] == {}


async def test_a_newcomer_learns_who_is_there(nodes: list[Node]) -> None:
    a, b, _ = nodes
    a.tracker.join("room:7", "1", META)
    b.tracker.join("room:7", "2", META)
    newcomer = Node(a.broker.hall)
    newcomer.tracker.start()
    await until(lambda: newcomer.keys() == ["1", "2"])
    assert sorted(newcomer.tracker.nodes) == sorted([a.bus.node, b.bus.node])
    await newcomer.tracker.stop()


async def newcomer_of(node: Node, *known: str) -> Node:
    """A node whose bus has started. Args: known: the peers that its broker tells of; none where it tells of none."""
    newcomer = Node(node.broker.hall)
    newcomer.broker.tells_peers = bool(known)
    await newcomer.bus.start()
    for name in known:
        newcomer.broker.peer(name, True)
    newcomer.tracker.start()
    return newcomer


async def test_learning_ends_when_all_have_answered(nodes: list[Node], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.presence.tracker.LEARN_S", 1000)
    a, b, _ = nodes
    a.tracker.join("room:7", "1", META)
    await until(b.keys)  # it has just told that, and tells it again a moment later
    newcomer = await newcomer_of(a, a.bus.node, b.bus.node, "does not answer")
    asyncio.get_running_loop().call_later(0.05, newcomer.broker.peer, "does not answer", False)
    await newcomer.tracker.learn()
    assert newcomer.keys() == ["1"]
    assert list(newcomer.tracker.nodes) == [a.bus.node]  # nobody is with the other one
    await newcomer.tracker.learn()  # a second time there is nothing to wait for
    await newcomer.tracker.stop()


async def test_learning_where_nobody_knows_who_is_there_takes_as_long_as_an_answer(nodes: list[Node]) -> None:
    a, b, _ = nodes
    a.tracker.join("room:7", "1", META)
    await until(b.keys)
    newcomer = await newcomer_of(a)
    await newcomer.tracker.learn()
    assert newcomer.keys() == ["1"]
    await newcomer.tracker.stop()


async def test_learning_does_not_wait_for_ever(nodes: list[Node], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.presence.tracker.LEARN_S", 0.05)
    newcomer = await newcomer_of(nodes[0], "does not answer")
    await newcomer.tracker.learn()
    await newcomer.tracker.stop()


@pytest.mark.parametrize("fails", [0, 1])
async def test_who_is_alone_has_nothing_to_learn(fails: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.presence.tracker.LEARN_S", 1000)
    broker = Hall().broker()
    broker.fails = fails  # without the broker nobody can be asked
    broker.tells_peers = not fails
    for bus in (PubSub(broker), PubSub()):
        tracker = Tracker(bus, heartbeat_s=1000)
        tracker.start()
        await tracker.learn()
        await tracker.stop()
        await bus.stop()


async def test_who_stops_says_goodbye_and_may_start_again(nodes: list[Node]) -> None:
    a, b, c = nodes
    a.tracker.join("room:7", "1", META)
    await until(lambda: b.keys() and c.keys())
    await a.tracker.stop()
    await a.tracker.stop()
    assert b.keys() == c.keys() == a.keys() == []
    a.tracker.join("room:7", "2", META)
    await until(lambda: b.keys() == c.keys() == ["2"])


async def test_a_node_that_is_gone_without_a_word_is_dropped_after_two_heartbeats(nodes: list[Node]) -> None:
    a, b, _ = nodes
    a.tracker.join("room:7", "1", META)
    await until(b.keys)
    a.broker.hall.brokers.remove(a.broker)
    a.broker.is_lost = True
    loop = asyncio.get_running_loop()
    began = loop.time()
    await until(lambda: not b.keys())
    assert loop.time() - began > HEARTBEAT_S  # two, less what had gone by since the last
    a.broker.is_lost = False  # it was a partition
    a.broker.hall.brokers.append(a.broker)
    await until(b.keys)


async def test_a_node_that_the_bus_tells_gone_is_dropped_at_once(nodes: list[Node]) -> None:
    a, b, _ = nodes
    a.tracker.join("room:7", "1", META)
    await until(b.keys)
    b.broker.peer(a.bus.node, True)
    b.broker.peer(a.bus.node, False)
    assert b.keys() == []
    await until(b.keys)  # it was a mistake, which its next heartbeat shows


async def test_without_others_it_works_alone_and_tells_them_later(nodes: list[Node]) -> None:
    a, b, _ = nodes
    a.broker.is_lost = True
    entry = a.tracker.join("room:7", "1", META)
    a.tracker.join("room:7", "1", b"{}", previous=entry)
    await until(lambda: a.diffs)
    assert (a.keys(), b.keys()) == (["1"], [])
    a.broker.is_lost = False
    await until(lambda: b.keys() == ["1"])


async def test_nobody_here_is_told_of_topics_that_nobody_here_listens_to(nodes: list[Node]) -> None:
    a, b, _ = nodes
    told: list[str] = []
    broadcast = b.bus.broadcast

    async def tell(topic: str, *arguments: Any, **named: Any) -> None:
        told.append(topic)
        await broadcast(topic, *arguments, **named)

    b.bus.broadcast = tell  # type: ignore[method-assign]
    a.tracker.join("room:8", "1", META)
    a.tracker.join("room:7", "1", META)
    await until(lambda: b.diffs)
    assert b.tracker.read("room:8")
    assert [topic for topic in told if topic != TOPIC] == ["room:7"]


async def test_it_rests_while_nobody_is_tracked(nodes: list[Node]) -> None:
    a, b, c = nodes
    await at_rest(nodes)
    entry = a.tracker.join("room:7", "1", META)
    await until(lambda: not any(node.tracker.is_resting for node in nodes))
    a.tracker.leave(entry)
    await until(lambda: all(node.tracker.is_resting for node in nodes))
    published = sum(len(node.broker.published) for node in nodes)
    await asyncio.sleep(3 * HEARTBEAT_S)
    assert sum(len(node.broker.published) for node in (a, b, c)) == published


async def test_large_diffs_come_in_pieces(nodes: list[Node]) -> None:
    a, b, _ = nodes
    meta = b'{"text":"%b"}' % (b"x" * 10_000)
    entries = [a.tracker.join("room:7", str(number), meta) for number in range(200)]  # 2 MB
    await until(lambda: len(b.keys()) == 200)
    for entry in entries:
        a.tracker.leave(entry)
    await until(lambda: all(sum(len(diff.payload["leaves"]) for diff in node.diffs) == 200 for node in (a, b)))
    for node in (a, b):
        assert sum(len(diff.payload["joins"]) for diff in node.diffs) == 200
        assert max(len(diff.json) for diff in node.diffs) < 300_000


async def test_what_others_say_may_be_anything(nodes: list[Node], caplog: pytest.LogCaptureFixture) -> None:
    a, b, _ = nodes
    a.tracker.join("room:7", "1", META)
    await until(b.keys)
    with caplog.at_level(logging.WARNING, "spica.presence"):
        for payload in (b"", b"\x93", {"json": 1}):
            await a.bus.broadcast(TOPIC, FORMAT, payload)
            await a.bus.broadcast(TOPIC, "presence-2", payload)
    assert len(caplog.records) == 6  # at both of the others, and of the format that they know
    assert b.keys() == ["1"]


def test_a_loop_that_nobody_stopped_it_on_is_forgotten() -> None:
    bus = PubSub()
    tracker = Tracker(bus)

    async def track(key: str) -> list[str]:
        entry = tracker.join("room:7", key, META)
        earlier.append(entry)
        tracker.leave(earlier[0]) if len(earlier) > 1 else None
        return list(tracker.read("room:7"))

    earlier: list = []  # type: ignore[type-arg]
    assert asyncio.run(track("1")) == ["1"]
    assert asyncio.run(track("2")) == ["2"]
