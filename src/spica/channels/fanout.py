"""Fan-out: from a broadcast of the bus to the frames of all clients that have joined its topic.

Rules of this file:
- A topic is listened to once in a process, while any client has joined it.
- A frame is written once for each serializer, and sent by the core to all sockets that are subscribed: no Python runs
  for a client.
- A channel that answers broadcasts itself (`on_broadcast`) is in a group with those that answer the same ones; what the
  group doesn't answer reaches it like anybody else.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias

from spica.channels.channel import Channel
from spica.channels.message import Frame
from spica.channels.notes import Note
from spica.channels.serializer import Serializer
from spica.http.broadcast import broadcast
from spica.http.request import Request
from spica.presence.tracker import HEARTBEAT_S, Tracker
from spica.pubsub.bus import PubSub
from spica.pubsub.event import Event

if TYPE_CHECKING:  # a membership is what joins here
    from spica.channels.membership import Membership

Group: TypeAlias = "tuple[Serializer, frozenset[str]]"
Report: TypeAlias = Callable[[BaseException, Request], None]


class Fanout:
    """Who has joined which topic, in this process.

    Args:    bus: where broadcasts come from; report: is told what methods failed with, and the request of their socket;
             note: is told what clients are refused, in development; heartbeat_s: of presence, `self.presence`.
    """

    def __init__(
        self,
        bus: PubSub,
        *,
        report: Report | None = None,
        note: Note | None = None,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.bus = bus
        self.note = note
        self.report = report or _report_to_nobody
        self.presence = Tracker(bus, heartbeat_s=heartbeat_s)
        self.is_stopping = False
        """Whether the server says goodbye to its clients."""
        self._endings: set[asyncio.Task[None]] = set()
        self._topics: dict[str, _Topic] = {}
        self._prefix = f"spica:channel:{secrets.token_hex(8)}:"  # nobody else subscribes a WebSocket to it

    def join(self, membership: Membership) -> None:
        """Have a client sent what is broadcast to its topic."""
        name = membership.topic
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = _Topic(self._prefix + name)
            topic.unlisten = self.bus.listen(name, topic.deliver)
        topic.join(membership)

    def leave(self, membership: Membership) -> None:
        """Have it sent no more of it."""
        topic = self._topics.get(membership.topic)
        if topic is not None and topic.leave(membership):
            del self._topics[membership.topic]

    async def attend(self, ending: Coroutine[Any, Any, None]) -> None:
        """Wait for the end of a connection. It goes on when who waits is cancelled."""
        task = asyncio.ensure_future(ending)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        await asyncio.shield(task)

    async def stop(self) -> None:
        """Wait until all connections have ended: they limit that themselves."""
        self.is_stopping = True
        while self._endings:
            await asyncio.wait(list(self._endings))
        self.is_stopping = False

    @property
    def topics(self) -> list[str]:
        """The topics that any client here has joined."""
        return list(self._topics)


class _Topic:
    """One topic: its groups with the number of their clients, and the channels that answer broadcasts."""

    __slots__ = ("_groups", "_interceptors", "_name", "unlisten")

    def __init__(self, name: str) -> None:
        self._name = name
        self._groups: dict[Group, tuple[str, int]] = {}
        self._interceptors: dict[Membership, None] = {}
        self.unlisten: Callable[[], None] = lambda: None

    def join(self, membership: Membership) -> None:
        group = _group_of(membership)
        native, count = self._groups.get(group) or (self._address(group), 0)
        self._groups[group] = native, count + 1
        membership.connection.native.subscribe(native)
        if membership.compiled.intercepts:
            self._interceptors[membership] = None

    def leave(self, membership: Membership) -> bool:
        """Returns whether nobody is left."""
        group = _group_of(membership)
        native, count = self._groups[group]
        membership.connection.native.unsubscribe(native)
        self._interceptors.pop(membership, None)
        if count > 1:
            self._groups[group] = native, count - 1
            return False
        del self._groups[group]
        if self._groups:
            return False
        self.unlisten()
        return True

    def deliver(self, event: Event) -> None:
        """Send an event to all who have joined."""
        frames: dict[str, Frame | None] = {}
        sender = event.sender if isinstance(event.sender, Channel) else None
        membership = sender._membership if sender is not None else None
        without = membership.connection.websocket if membership is not None else None
        for (serializer, intercepts), (native, _) in list(self._groups.items()):
            if event.name in intercepts:
                continue
            if serializer.name not in frames:
                frames[serializer.name] = serializer.write_broadcast(event)
            frame = frames[serializer.name]
            if frame is not None:
                broadcast(native, frame, except_=without)
        for one in list(self._interceptors):
            if one is not membership:
                one.hear(event)

    def _address(self, group: Group) -> str:
        """What the core knows a group by."""
        serializer, intercepts = group
        answered = "".join(sorted(f"{len(name)}:{name}" for name in intercepts))
        return f"{self._name}\n{serializer.name}\n{answered}"


def _report_to_nobody(error: BaseException, request: Request) -> None:
    """Stands in where an application has no reporters."""


def _group_of(membership: Membership) -> Group:
    return membership.connection.serializer, membership.compiled.intercepts
