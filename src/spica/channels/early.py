"""Early: what a client is sent while its join runs, and gets behind the reply.

Rules of this file:
- A broadcast that comes while `join` reads what is there already is not missed: who answers with a history and then
  hears the topic has no gap between the two, and may see a message twice.
- What is kept is bounded. A join that is overtaken by more is refused, and the client tries again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from spica.channels.message import Frame
from spica.http.errors import UnencodableValue
from spica.pubsub.event import Event

if TYPE_CHECKING:  # a membership keeps it while it joins
    from spica.channels.membership import Membership

MAX_EVENTS = 256
MAX_OCTETS = 4_194_304
_log = logging.getLogger("spica.channels")


class Early:
    """Hears a topic for a membership that is joining."""

    __slots__ = ("_events", "_kept", "_membership", "_octets", "unlisten")

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._kept: list[Frame | Event] = []
        self._events = self._octets = 0
        self.unlisten = membership.connection.bus.listen(membership.topic, self._hear)

    @property
    def is_overfull(self) -> bool:
        """Whether more was broadcast than is kept."""
        return self._events > MAX_EVENTS or self._octets > MAX_OCTETS

    def push(self, frame: Frame) -> None:
        """Keep what the channel itself sends."""
        self._kept.append(frame)

    def release(self) -> None:
        """Send all of it, in the order in which it came; the membership has joined."""
        membership = self._membership
        connection = membership.connection
        for one in self._kept:
            if not isinstance(one, Event):
                connection.send(one)
            elif one.name in membership.compiled.intercepts:
                membership.hear(one)
            else:
                try:
                    frame = connection.serializer.write_broadcast(one)
                except UnencodableValue as error:  # as for those that have joined: the bus logs it, and nobody gets it
                    _log.error("%r on %r can't be sent", one.name, one.topic, exc_info=error)
                    continue
                if frame is not None:
                    connection.send(frame)

    def _hear(self, event: Event) -> None:
        if event.sender is self._membership.channel:
            return
        self._events += 1
        self._octets += len(event.content)
        if not self.is_overfull:
            self._kept.append(event)
