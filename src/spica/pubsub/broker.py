"""Broker: the contract of what carries messages from one process to the others.

Rules for those who write one:
- A broker knows octets only. Its server may be gone at any time: it reconnects by itself, and logs that it was lost and
  found, each once.
- Calls of `publish` come in order. What keeps them in order is done before the first `await`: several may be under way.
- At most once: a message that may have arrived is not sent again.
- The event loop is let run after `BATCH` messages that were received in a row, so that those who read them can.
- Everything that belongs to an event loop is made in `start`. It may be called again after `stop`, and after its loop
  was closed without one: what there was is forgotten then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

BATCH = 64
"""Messages that a broker hands over before it lets the event loop run."""

MAX_MESSAGE_BYTES = 1_048_576 + 16_384
"""The longest message: a payload of 1 MiB, and its head."""

Receive = Callable[[bytes], None]
Peer = Callable[[str, bool], None]


class Broker(Protocol):
    """Carries messages between the processes of one application.

    tells_peers: whether `peer` is called, so that after a start all others that are there are known.
    """

    tells_peers: ClassVar[bool]

    async def start(self, node: str, receive: Receive, peer: Peer) -> None:
        """Connect; after this, what others publish is received.

        Args:    node: the name of this process's bus, letters and digits; receive: takes each message of the others;
                 own ones may come back, the bus drops them; peer: is told (node, True) of others that are there and
                 (node, False) when they are gone, by a broker that notices at once; others never call it.
        Raises:  BrokerUnavailable; it is called again later then.
        """

    async def publish(self, message: bytes) -> None:
        """Send a message of up to MAX_MESSAGE_BYTES to all others. Raises BrokerUnavailable when it can't be."""

    async def check(self) -> None:
        """Find out whether the others can be reached now, for `/ready`. Raises BrokerUnavailable."""

    async def stop(self) -> None:
        """Send what still waits, and disconnect."""
