"""Nodes that track presence, on a network that loses, delays, repeats and parts, in a time of its own.

Order is kept from one publisher to one receiver, as the bus keeps it; nothing else is. What is true is what the nodes
that live have tracked; what clients see is put together from diffs as phoenix.js does it.
"""

from __future__ import annotations

import copy
import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any

import msgspec

from spica.presence.entry import Entry, render_diff, render_entries
from spica.presence.message import decode, encode
from spica.presence.replica import Replica
from spica.presence.roster import Roster
from spica.presence.tracker import PAUSE_S

HEARTBEAT_S = 1.5
MAX_DELAY_S = 0.1
SETTLE_S = HEARTBEAT_S * 2 + HEARTBEAT_S / 3 + 3 * MAX_DELAY_S
"""Two heartbeats, the grace, and what is on its way when the network heals."""

Seen = dict[str, list[dict[str, Any]]]


class Client:
    """A page that was told the state of a topic, and follows its diffs."""

    def __init__(self, state: bytes) -> None:
        self.presences: Seen = {key: value["metas"] for key, value in msgspec.json.decode(state).items()}

    def take(self, diff: bytes) -> None:
        """`Presence.syncDiff` of phoenix.js."""
        change = msgspec.json.decode(diff)
        for key, value in change["joins"].items():
            refs = {meta["phx_ref"] for meta in value["metas"]}
            current = self.presences.get(key, [])
            self.presences[key] = [meta for meta in current if meta["phx_ref"] not in refs] + value["metas"]
        for key, value in change["leaves"].items():
            refs = {meta["phx_ref"] for meta in value["metas"]}
            left = [meta for meta in self.presences.get(key, []) if meta["phx_ref"] not in refs]
            self.presences[key] = left
            if not left:
                del self.presences[key]


class Node:
    """One life of a node."""

    def __init__(self, network: Network, name: str, incarnation: int) -> None:
        self.network = network
        self.name = name
        self.roster = Roster()
        self.replica = Replica(name, incarnation, self.roster, heartbeat_s=HEARTBEAT_S)
        self.own: list[Entry] = []
        self.clients: dict[str, Client] = {}
        self.changes = 0
        self.is_frozen = False
        self.is_gone = False
        self.waiting: list[Callable[[], None]] = []
        self._is_ticking = self._is_telling = False
        self.do(self.replica.start)

    def do(self, event: Callable[..., object], *arguments: Any) -> None:
        """Let something happen on this node, now or when it goes on again."""
        if self.is_gone:
            return
        if self.is_frozen:
            self.waiting.append(lambda: self.do(event, *arguments))
            return
        event(*arguments)
        self.flush()

    def flush(self) -> None:
        while (message := self.replica.pull(self.network.now)) is not None:
            self.network.publish(self, encode(message))
        if self.roster.has_changed and not self._is_telling:
            self._is_telling = True
            self.network.after(self.network.random.choice((0.0, PAUSE_S)), lambda: self.do(self.tell))
        if self.replica.is_busy and not self._is_ticking:
            self._is_ticking = True
            self.replica.expect_tick(self.network.now)
            self.network.after(self.replica.tick_s, lambda: self.do(self._tick))

    def expect(self, topic: str, client: Client) -> Client:
        """A client as it will be once it is told what has gathered."""
        told = copy.deepcopy(client)
        if (change := self.roster._changes.get(topic)) is not None:
            told.take(render_diff(change.joins.values(), change.leaves.values()))
        return told

    def tell(self) -> None:
        """Tell the clients what has gathered: some time after it happened, as the tracker does."""
        self._is_telling = False
        for topic, change in self.roster.take_changes().items():
            self.changes += 1
            if topic in self.clients:
                self.clients[topic].take(render_diff(change.joins.values(), change.leaves.values()))

    def _tick(self) -> None:
        self._is_ticking = False
        self.replica.tick(self.network.now)

    def watch(self, topic: str) -> None:
        self.clients[topic] = Client(render_entries(self.roster.show(topic)))

    def track(self, topic: str, key: str, meta: bytes) -> None:
        self.own.append(self.replica.join(topic, key, meta))

    def update(self, at: int, meta: bytes) -> None:
        if self.own:
            old = self.own.pop(at % len(self.own))
            self.own.append(self.replica.join(old.topic, old.key, meta, previous=old))

    def untrack(self, at: int) -> None:
        if self.own:
            self.replica.leave(self.own.pop(at % len(self.own)))

    def thaw(self) -> None:
        self.is_frozen = False
        waiting, self.waiting = self.waiting, []
        for event in waiting:
            event()

    def freeze(self) -> None:
        self.is_frozen = True


class Network:
    """All nodes, and the messages on their way."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 1000.0
        self.nodes: dict[str, Node] = {}
        self.loss = self.repeats = 0.0
        self.parts: dict[str, int] = {}
        self.published = 0
        self._lives = itertools.count(1)
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._links: dict[tuple[Node, Node], float] = {}

    def add(self, name: str) -> Node:
        """Start a node: a first one of that name, or its next life."""
        if (old := self.nodes.pop(name, None)) is not None:
            old.is_gone = True
        node = self.nodes[name] = Node(self, name, next(self._lives))
        return node

    def crash(self, name: str, *, is_noticed: bool) -> None:
        """End a node without a word; its bus may notice."""
        if (node := self.nodes.pop(name, None)) is not None:
            node.is_gone = True
            if is_noticed:
                for other in self.nodes.values():
                    self._carry(node, other, lambda other=other: other.do(other.replica.peer_changed, name, False))

    def stop(self, name: str) -> None:
        """End a node that says goodbye."""
        if (node := self.nodes.get(name)) is not None and not node.is_frozen:
            node.do(node.replica.stop)
            node.is_gone = True
            del self.nodes[name]

    def heal(self) -> None:
        """From now on everything arrives once, and everybody goes on."""
        self.loss = self.repeats = 0.0
        self.parts.clear()
        for node in list(self.nodes.values()):
            node.thaw()

    def publish(self, sender: Node, octets: bytes) -> None:
        self.published += 1
        for other in list(self.nodes.values()):
            if other is sender or self.random.random() < self.loss or self._are_parted(sender, other):
                continue
            arrive = lambda other=other: other.do(self._arrive, other, octets)  # noqa: E731
            self._carry(sender, other, arrive)
            if self.random.random() < self.repeats:
                self.after(self.random.uniform(0, 2 * MAX_DELAY_S), arrive)

    def after(self, seconds: float, event: Callable[[], object]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), event))

    def run(self, seconds: float) -> None:
        """Let time go by."""
        until = self.now + seconds
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = until

    def truth(self, topic: str) -> dict[str, bytes]:
        """Whoever is in a topic, on nodes that live: their JSON by reference."""
        return {e.ref: e.meta for node in self.nodes.values() for e in node.own if e.topic == topic}

    def _arrive(self, node: Node, octets: bytes) -> None:
        node.replica.receive(decode(octets), self.now)

    def _carry(self, sender: Node, other: Node, arrive: Callable[[], object]) -> None:
        link = (sender, other)
        at = max(self._links.get(link, 0.0), self.now + self.random.uniform(0, MAX_DELAY_S))
        self._links[link] = at
        self.after(at - self.now, arrive)

    def _are_parted(self, one: Node, other: Node) -> bool:
        return self.parts.get(one.name, 0) != self.parts.get(other.name, 0)
