"""Promise 34 without processes: whatever happens to nodes and network, all agree two heartbeats after it is over."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spica.presence.tracker import PAUSE_S
from tests.unit.presence.network import HEARTBEAT_S, MAX_DELAY_S, SETTLE_S, Network

NAMES = ["a", "b", "c", "d"]
TOPICS = ["room:1", "room:2"]

names = st.sampled_from(NAMES)
topics = st.sampled_from(TOPICS)
metas = st.sampled_from([b"{}", b'{"name":"Ann"}', b'{"typing":true}'])
odds = st.sampled_from([0.1, 0.5, 1.0])
steps = st.one_of(
    st.tuples(st.just("track"), names, topics, st.sampled_from(["1", "2", "3"]), metas),
    st.tuples(st.just("track"), names, topics, st.sampled_from(["1", "2", "3"]), metas),
    st.tuples(st.just("untrack"), names, st.integers(0, 9)),
    st.tuples(st.just("update"), names, st.integers(0, 9), metas),
    st.tuples(st.just("watch"), names, topics),
    st.tuples(st.just("start"), st.sampled_from([*NAMES, "e", "f"])),
    st.tuples(st.just("crash"), names, st.booleans()),
    st.tuples(st.just("stop"), names),
    st.tuples(st.just("freeze"), names),
    st.tuples(st.just("thaw"), names),
    st.tuples(st.just("part"), st.lists(st.integers(0, 2), min_size=4, max_size=4)),
    st.tuples(st.just("heal")),
    st.tuples(st.just("lose"), odds),
    st.tuples(st.just("repeat"), odds),
    st.tuples(st.just("mistake"), names, names),
)
schedules = st.lists(st.tuples(st.sampled_from([0.0, 0.02, 0.3, HEARTBEAT_S, 4 * HEARTBEAT_S]), steps), max_size=60)


def take_step(network: Network, step: tuple[Any, ...]) -> None:
    match step:
        case ("track" | "untrack" | "update" | "watch" as what, name, *arguments):
            if (node := network.nodes.get(name)) is not None and not node.is_frozen:
                node.do(getattr(node, what), *arguments)
        case ("start", name):
            network.add(name)
        case ("crash", name, is_noticed):
            network.crash(name, is_noticed=is_noticed)
        case ("stop", name):
            network.stop(name)
        case ("freeze" | "thaw" as what, name) if name in network.nodes:
            getattr(network.nodes[name], what)()
        case ("part", parts):
            network.parts = dict(zip(NAMES, parts, strict=True))
        case ("heal",):
            network.parts.clear()
        case ("lose", odds):
            network.loss = odds
        case ("repeat", odds):
            network.repeats = odds
        case ("mistake", name, other) if name in network.nodes and name != other:
            # The bus says of somebody who is there that it is not, and later that it is.
            node = network.nodes[name]
            node.do(node.replica.peer_changed, other, False)
            network.after(HEARTBEAT_S / 2, lambda: node.do(node.replica.peer_changed, other, True))


def check_clients(network: Network) -> None:
    """What a client has put together, and what it is to be told next, is what its node knows, at any time."""
    for node in network.nodes.values():
        for topic, told in node.clients.items():
            client = node.expect(topic, told)
            seen = {meta["phx_ref"] for metas in client.presences.values() for meta in metas}
            assert seen == {entry.ref for entry in node.roster.entries(topic)}, (node.name, topic)


def check_agreement(network: Network) -> None:
    """Every node knows the truth: no ghosts, nobody lost."""
    for topic in TOPICS:
        truth = network.truth(topic)
        for node in network.nodes.values():
            assert {e.ref: e.meta for e in node.roster.entries(topic)} == truth, (node.name, topic)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(schedule=schedules, seed=st.integers(0, 2**32))
def test_all_nodes_agree_two_heartbeats_after_whatever_happened(schedule: list[Any], seed: int) -> None:
    network = Network(seed)
    for name in NAMES:
        network.add(name)
    for pause_s, step in schedule:
        network.run(pause_s)
        take_step(network, step)
        check_clients(network)
    network.heal()
    network.run(SETTLE_S)
    check_agreement(network)
    check_clients(network)

    # From here on there is nothing to say but heartbeats, and nothing kept of those who are gone.
    network.run(SETTLE_S)
    owners = {name for name, node in network.nodes.items() if node.own}
    for node in network.nodes.values():
        assert set(node.replica.peers) == owners - {node.name}
    before = network.published
    network.run(10 * HEARTBEAT_S)
    # A tick comes a little early or late, so ten heartbeats are nine to eleven.
    assert 9 * len(owners) <= network.published - before <= 11 * len(owners)
    check_agreement(network)


def a_step(chance: random.Random) -> tuple[Any, ...]:
    """Mostly people who come and go; now and then a node or the network."""
    name, topic, meta = chance.choice(NAMES), chance.choice(TOPICS), chance.choice([b"{}", b'{"name":"Ann"}'])
    if chance.random() < 0.8:
        what = chance.choice(["track", "track", "untrack", "update", "watch"])
        arguments: dict[str, tuple[Any, ...]] = {
            "track": (topic, str(chance.randrange(9)), meta),
            "untrack": (chance.randrange(9),),
            "update": (chance.randrange(9), meta),
            "watch": (topic,),
        }
        return (what, name, *arguments[what])
    return chance.choice(
        [
            ("start", name),
            ("start", name),
            ("crash", name, chance.random() < 0.5),
            ("stop", name),
            ("freeze", name),
            ("thaw", name),
            ("part", [chance.randrange(2) for _ in NAMES]),
            ("heal",),
            ("lose", chance.choice([0.05, 0.3])),
            ("repeat", 0.3),
            ("mistake", name, chance.choice(NAMES)),
        ]
    )


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_all_nodes_agree_after_each_of_many_troubles(seed: int) -> None:
    network, chance = Network(seed), random.Random(seed)
    for name in NAMES:
        network.add(name)
    for _ in range(12):
        for _ in range(chance.randrange(60)):
            network.run(chance.choice([0.0, 0.02, 0.3, HEARTBEAT_S]))
            take_step(network, a_step(chance))
            check_clients(network)
        network.heal()
        network.run(SETTLE_S)
        check_agreement(network)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_without_trouble_all_nodes_know_as_soon_as_they_are_told(seed: int) -> None:
    network, chance = Network(seed), random.Random(seed)
    for name in NAMES:
        network.add(name)
    network.run(MAX_DELAY_S)
    for _ in range(60):
        for _ in range(chance.randrange(4)):
            take_step(network, _harmless(chance))
        network.run(MAX_DELAY_S)
        check_agreement(network)
    network.run(PAUSE_S)
    before = [node.changes for node in network.nodes.values()]
    network.run(100 * HEARTBEAT_S)
    assert [node.changes for node in network.nodes.values()] == before  # nobody was away for a moment


def _harmless(chance: random.Random) -> tuple[Any, ...]:
    while True:
        step = a_step(chance)
        if step[0] in ("track", "untrack", "update", "watch"):
            return step


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_clients_follow_their_node_whenever_they_begin_to(seed: int) -> None:
    network, chance = Network(seed), random.Random(seed)
    network.add("a")
    for _ in range(60):
        _, _, *arguments = step = _harmless(chance)
        take_step(network, (step[0], "a", *(TOPICS[0] if one in TOPICS else one for one in arguments)))
        check_clients(network)
        network.run(chance.choice([0.0, 0.0, 0.0, PAUSE_S]))
    network.run(PAUSE_S)
    check_clients(network)
