"""Tracker: presence of one application in one process: a replica on its bus, with a clock, and diffs for clients.

Rules of this file:
- What is tracked is known here at once. Clients here and other nodes are told in the next round of the event loop, and
  while much changes, what changed in each PAUSE_S.
- It can't fail because others can't be reached: what was not sent shows in a heartbeat, and is asked for.
- One timer, and only while anybody is tracked anywhere.
- Who starts knows nothing until the others have answered. Who serves waits for that, a moment, before it accepts:
  "nobody is there" would be wrong, and nobody could see that it is.
- It lives on the event loop of the bus. Reading is possible from anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import msgspec

from spica.presence.entry import Entry, listed, render_diff, render_entries
from spica.presence.message import AnyMessage, State, UnreadableMessage, decode, encode
from spica.presence.pump import Pump
from spica.presence.replica import PART_BYTES, Replica
from spica.presence.roster import Change, Roster
from spica.pubsub.bus import PubSub
from spica.pubsub.errors import BrokerUnavailable
from spica.pubsub.event import Event

TOPIC = "spica:presence"
"""What nodes talk to each other on."""
FORMAT = "presence-1"
"""The name of their events; another release may have another."""
STATE, DIFF = "presence_state", "presence_diff"
"""What clients get, as phoenix.js knows it."""

HEARTBEAT_S = 1.5
PAUSE_S = 0.02
GOODBYE_S = 1.0
LEARN_S = 1.0
"""How long a start waits for the others, at most: some may stand still."""
WAY_S = 0.1
"""What a question and its answer take on their way, with much to spare."""

_lives = itertools.count(1)
log = logging.getLogger("spica.presence")


class Tracker:
    """Who is in which topic, on all nodes.

    Args:    bus: of the application; heartbeat_s: how often a node says that it is there, the same on all.
    Example:
        >>> import asyncio
        >>> async def main():
        ...     tracker = Tracker(PubSub())
        ...     tracker.start()
        ...     tracker.join("room:7", "1", b'{"name":"Ann"}')
        ...     there = tracker.read("room:7")
        ...     await tracker.stop()
        ...     return there["1"]["metas"][0]["name"]
        >>> asyncio.run(main())
        'Ann'
    """

    def __init__(self, bus: PubSub, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self.bus = bus
        self.heartbeat_s = heartbeat_s
        self._roster = Roster()
        self._replica: Replica | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unlisten: list[Callable[[], object]] = []
        self._answered: set[str] | None = None  # who has told all since the start, until `learn` is over
        self._news = asyncio.Event()
        self._clients = Pump(self._tell_clients, PAUSE_S)
        self._nodes = Pump(self._tell_nodes, PAUSE_S)

    # Its life

    def start(self) -> None:
        """Listen to the others and ask them who is there. On the event loop; whoever tracks something does it."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        # What a loop that nobody stopped it on has left is forgotten.
        for unlisten in self._unlisten:
            unlisten()
        self._loop, self._timer, self._roster = loop, None, Roster()
        self._clients = Pump(self._tell_clients, PAUSE_S)
        self._nodes = Pump(self._tell_nodes, PAUSE_S)
        self._replica = Replica(self.bus.node, next(_lives), self._roster, heartbeat_s=self.heartbeat_s)
        self._answered, self._news = set(), asyncio.Event()
        self._unlisten = [self.bus.listen(TOPIC, self._hear), self.bus.listen_peers(self._hear_of)]
        self._replica.start()
        self._nodes.stir()

    async def learn(self) -> None:
        """Wait until the others have told who is there, LEARN_S at most; the second time after a `start` not at all.

        Where the bus knows them, until each of those that were asked has answered or is gone; else for as long as an
        answer takes.
        """
        replica = self._running()
        if self._answered is None:
            return
        with contextlib.suppress(TimeoutError, BrokerUnavailable):  # their heartbeats tell, sooner or later
            async with asyncio.timeout(LEARN_S):
                await self.bus.start()
                if not self.bus.knows_peers:
                    await asyncio.sleep(replica.tick_s + WAY_S)  # they wait a tick for others who ask
                asked = frozenset(self.bus.peers)  # who comes later asks this one
                while asked & self.bus.peers - (self._answered or set()):
                    self._news.clear()
                    await self._news.wait()
        self._answered = None

    async def stop(self) -> None:
        """Say goodbye, so that the others drop at once who is here. It can be started again."""
        replica, self._replica, self._loop = self._replica, None, None
        if replica is None:
            return
        self._clients.stop()
        self._nodes.stop()
        for unlisten in self._unlisten:
            unlisten()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        replica.stop()
        while (message := replica.pull(0.0)) is not None:
            try:
                await asyncio.wait_for(self._publish(message), GOODBYE_S)
            except TimeoutError:
                log.warning("no goodbye could be said: the other nodes notice by its silence who is gone")
        self._roster = Roster()

    # Who is there

    def join(self, topic: str, key: str, meta: bytes, *, previous: Entry | None = None) -> Entry:
        """Add an entry. Args: meta: a JSON object; previous: an entry of this process that it replaces."""
        replica = self._running()
        entry = replica.join(topic, key, meta, previous=previous)
        self._changed()
        return entry

    def leave(self, entry: Entry) -> None:
        """Remove an entry of this process; one that is gone already is no mistake."""
        if self._replica is not None:
            self._replica.leave(entry)
            self._changed()

    def read(self, topic: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Who is in a topic: `{key: {"metas": [{"phx_ref": ..., ...}, ...]}}`; {} when nobody is."""
        return listed(tuple(self._roster.entries(topic)))

    def render_state(self, topic: str) -> msgspec.Raw:
        """The same as JSON, for a client that gets the diffs from now on."""
        return msgspec.Raw(render_entries(self._roster.show(topic)))

    @property
    def is_resting(self) -> bool:
        """Whether it needs no timer: nobody is tracked anywhere."""
        return self._timer is None

    @property
    def nodes(self) -> Collection[str]:
        """The other nodes that have anybody."""
        return self._replica.peers if self._replica is not None else ()

    # The rest is private.

    def _running(self) -> Replica:
        if self._replica is None or self._loop is not asyncio.get_running_loop():
            self.start()
        assert self._replica is not None
        return self._replica

    def _hear(self, event: Event) -> None:
        """Take a message of another node."""
        replica = self._replica
        if replica is None or event.node == replica.node or event.name != FORMAT:
            return
        try:
            message = decode(event.content)
        except UnreadableMessage as error:
            log.warning("a message of node %s about presence can't be read: %s", event.node, error)
            return
        if message.node == event.node:
            replica.receive(message, self._now())
            if self._answered is not None and isinstance(message, State) and message.part == message.parts - 1:
                self._answered.add(message.node)
                self._news.set()
            self._changed()

    def _hear_of(self, node: str, is_there: bool) -> None:
        """Take what the bus notices itself."""
        if self._replica is not None:
            self._replica.peer_changed(node, is_there)
            self._news.set()
            self._changed()

    def _changed(self) -> None:
        """Have told what there is to tell."""
        replica = self._replica
        assert replica is not None
        if self._roster.has_changed:
            self._clients.stir()
        if replica.is_pressed:
            self._nodes.stir()
        if self._timer is None and replica.is_busy:
            replica.expect_tick(self._now())
            self._timer = self._set_timer(replica)

    def _set_timer(self, replica: Replica) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(replica.tick_s, self._tick)

    def _tick(self) -> None:
        replica = self._replica
        assert replica is not None
        replica.tick(self._now())
        self._timer = self._set_timer(replica) if replica.is_busy else None
        self._changed()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _tell_clients(self) -> None:
        for topic, change in self._roster.take_changes().items():
            for diff in _cut(change) if self.bus.hears(topic) else ():
                await self.bus.broadcast(topic, DIFF, msgspec.Raw(diff), here_only=True)

    async def _tell_nodes(self) -> None:
        replica = self._replica
        while replica is not None and (message := replica.pull(self._now())) is not None:
            await self._publish(message)

    async def _publish(self, message: AnyMessage) -> None:
        try:
            await self.bus.broadcast(TOPIC, FORMAT, encode(message))
        except BrokerUnavailable as error:  # the bus has logged it; heartbeats repair what was missed
            log.debug("presence was not told: %s", error)


def _cut(change: Change) -> Iterator[bytes]:
    """One diff, or several where one would be too large for the bus."""
    if _size(change.joins.values()) + _size(change.leaves.values()) <= PART_BYTES:
        yield render_diff(change.joins.values(), change.leaves.values())
        return
    for part in _parts(change.joins.values()):
        yield render_diff(part, ())
    for part in _parts(change.leaves.values()):
        yield render_diff((), part)


def _parts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    part: list[Entry] = []
    size = 0
    for entry in entries:
        part.append(entry)
        size += _size((entry,))
        if size > PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _size(entries: Iterable[Entry]) -> int:
    """What entries are at most as JSON, about."""
    return sum(len(entry.meta) + 6 * len(entry.key) + 20 for entry in entries)
