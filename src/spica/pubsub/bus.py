"""PubSub: how a broadcast reaches this process and the others.

Rules of this file:
- Broadcasting delivers here at once, in order, by plain calls; then the others are told. A mistake in the arguments is
  raised before anybody has heard anything.
- The first who listens or broadcasts connects to the others. What this process does alone works without them.
- A bus lives on one event loop: that of its first use. A broadcast from a thread with another one is handed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import weakref
from collections.abc import Callable

from spica.http import json
from spica.pubsub.broker import BATCH, Broker
from spica.pubsub.connection import Connection
from spica.pubsub.errors import BrokerUnavailable, InvalidTopic, PayloadTooLarge, WrongEventLoop
from spica.pubsub.event import Event
from spica.pubsub.message import decode_message, encode_message, is_from
from spica.pubsub.subscription import MAX_WAITING, Queue, Subscription
from spica.pubsub.topics import Listener, Topics, check_name

MAX_PAYLOAD_BYTES = 1_048_576
_OCTETS = (bytes, bytearray, memoryview)
_log = logging.getLogger("spica.pubsub")

PeerListener = Callable[[str, bool], None]


class PubSub:
    """Sends events to whoever listens to a topic, in all processes of an application.

    Args:    broker: carries events to the other processes, None for this one alone; on_use: called when the bus first
             has a reason to connect.
    Example:
        >>> import asyncio
        >>> async def main():
        ...     bus, heard = PubSub(), []
        ...     bus.listen("room:7", lambda event: heard.append((event.name, event.payload)))
        ...     await bus.broadcast("room:7", "new_msg", {"body": "hello"})
        ...     return heard
        >>> asyncio.run(main())
        [('new_msg', {'body': 'hello'})]
    """

    def __init__(self, broker: Broker | None = None, *, on_use: Callable[[], None] | None = None) -> None:
        self.node = _new_node()
        self.peers: set[str] = set()
        self._broker = broker
        self._on_use = on_use
        self._topics = Topics()
        self._peer_listeners: dict[_PeerListening, None] = {}
        self._queues: weakref.WeakSet[Queue] = weakref.WeakSet()
        self._is_leaving = False
        self._sequence = 0
        self._in_a_row = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._connection: Connection | None = None

    # Broadcasting

    async def broadcast(
        self, topic: str, name: str, payload: object = None, *, sender: object = None, here_only: bool = False
    ) -> None:
        """Send an event to everybody who listens to a topic. At most once, in order per publisher.

        Args:    topic, name: text of 1 to 1,024 characters; payload: what JSON can hold, or octets, up to 1 MiB;
                 sender: `event.sender` in this process, for listeners that leave it out; here_only: whether only this
                 process is told.
        Raises:  BrokerUnavailable (503) when the other processes can't be told; this one was. Before anybody was:
                 InvalidTopic, UnencodableValue, PayloadTooLarge.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop and (home := self._settle(loop)) is not None:
            called = self.broadcast(topic, name, payload, sender=sender, here_only=here_only)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(called, home))
            return
        event = self._build_event(topic, name, payload, sender)
        connection = self._connection
        if connection is None or here_only:
            self._topics.deliver(event)
        else:
            message = _encode(event)
            self._topics.deliver(event)
            await connection.publish(message)
        self._in_a_row += 1
        if self._in_a_row >= BATCH:  # who broadcasts without ever waiting would leave no time to those who read
            self._in_a_row = 0
            await asyncio.sleep(0)

    # Listening

    def subscribe(self, topic: str, *, max_waiting: int = MAX_WAITING) -> Subscription:
        """Read the events of a topic, those from now on.

        Args:    topic: as it is broadcast to; max_waiting: events that may wait for the reader, 1 or more.
        Returns: an async iterator and async context manager. The latter waits until other processes know of it.
        Raises:  InvalidTopic; WrongEventLoop.
        """
        if max_waiting < 1:
            raise ValueError(f"max_waiting is {max_waiting}, and one event has to be able to wait")
        queue = Queue(max_waiting)
        subscription = Subscription(self, topic, queue)
        self._queues.add(queue)
        if self._is_leaving:
            queue.end()
        return subscription

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Call a function with each event of a topic, in order, on the event loop. It must not block.

        Returns: what ends it; it may be called more than once.
        Raises:  InvalidTopic; WrongEventLoop.
        """
        check_name("topic", topic)
        self._start_for_listeners()
        return self._topics.listen(topic, listener)

    def listen_peers(self, listener: PeerListener) -> Callable[[], None]:
        """Call a function with (node, True) when another process is there and (node, False) when it is gone.

        Only brokers that notice at once tell it; those that are there already are in `peers`.

        Returns: what ends it.
        """
        self._start_for_listeners()
        listening = _PeerListening(listener)
        self._peer_listeners[listening] = None
        return lambda: self._peer_listeners.pop(listening, None)

    def hears(self, topic: str) -> bool:
        """Whether anybody here listens to a topic: who only tells this process may save the telling."""
        return topic in self._topics

    @property
    def knows_peers(self) -> bool:
        """Whether `peers` are all others that are there, once the bus has started; else there may be any number."""
        return self._broker is None or self._broker.tells_peers

    @property
    def has_listeners(self) -> bool:
        """Whether anybody here listens to anything."""
        return bool(self._topics or self._peer_listeners)

    # Its life

    async def start(self) -> None:
        """Connect to the other processes: after this, what they broadcast is heard. Whoever uses the bus starts it.

        Raises:  BrokerUnavailable; it is tried again until it works.
        """
        self._settle(asyncio.get_running_loop())
        if self._connection is not None:
            await self._connection.wait()

    def start_soon(self) -> None:
        """Connect in the background."""
        self._settle(asyncio.get_running_loop())
        if self._connection is not None:
            self._connection.begin()

    async def started(self) -> None:
        """Wait for the first attempt to connect, whatever comes of it."""
        with contextlib.suppress(BrokerUnavailable):  # logged, and tried again
            await self.start()

    async def check(self) -> None:
        """Whether the other processes can be reached, where anybody asked for that so far. Raises BrokerUnavailable."""
        if self._connection is not None:
            await self._connection.check()

    def end_subscriptions(self) -> None:
        """End every subscription after what waits in it, and new ones at once, until the bus was stopped.

        For a server that is about to stop: a stream of events would hold it up. Broadcasts and listeners go on.
        """
        self._is_leaving = True
        for queue in list(self._queues):
            queue.end()

    async def stop(self) -> None:
        """Send what waits, disconnect, and end all subscriptions. The next who uses the bus starts it again."""
        if self._loop is not None:
            self._settle(asyncio.get_running_loop())
        if self._connection is not None:
            await self._connection.close()
        self.peers.clear()
        self.node = _new_node()
        self.end_subscriptions()
        self._is_leaving = False

    async def __aenter__(self) -> PubSub:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __repr__(self) -> str:
        return f"<PubSub {self.node}, {len(self._topics)} topics, broker {type(self._broker).__name__}>"

    # The rest is private.

    def _build_event(self, topic: str, name: str, payload: object, sender: object) -> Event:
        check_name("topic", topic)
        check_name("name of an event", name)
        content = bytes(payload) if (is_binary := isinstance(payload, _OCTETS)) else json.encode(payload)
        if len(content) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(
                f"the payload of {name!r} on {topic!r} is {len(content):,} octets",
                why=f"{MAX_PAYLOAD_BYTES:,} is the most: it goes to every process and every client that listens",
                fix="broadcast where it is found, such as its id or address, and have those who need it fetch it",
            )
        self._sequence += 1
        return Event(topic, name, self.node, self._sequence, content, is_binary, sender)

    def _receive(self, message: bytes) -> None:
        """Take a message of another process."""
        if is_from(message, self.node.encode()):
            return
        try:
            event = decode_message(message)
        except ValueError as error:
            _log.warning("a message that is not of this version of Spica was dropped: %s", error)
            return
        self._topics.deliver(event)

    def _take_peer(self, node: str, is_there: bool) -> None:
        if is_there == (node in self.peers):
            return
        if is_there:
            self.peers.add(node)
        else:
            self.peers.discard(node)
        for listening in tuple(self._peer_listeners):
            try:
                listening.call(node, is_there)
            except Exception:
                _log.exception("a listener of peers failed with %r", node)

    # Starting

    def _settle(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop | None:
        """Make a loop the one that the bus lives on; the other one where it lives on another that runs."""
        home = self._loop
        if home is loop:
            return None
        # In a process that was forked off, the loop of the first one looks as if it ran.
        if home is not None and home.is_running() and self._process == os.getpid():
            return home
        # A first use, or one after a loop that nobody stopped the bus on: what belonged to that is forgotten.
        if home is not None:
            self.node = _new_node()
        self._loop, self._process = loop, os.getpid()
        self.peers.clear()
        if self._broker is not None:
            self._connection = Connection(self._broker, self._start_broker)
            if self._on_use is not None:
                self._on_use()
        return None

    async def _start_broker(self) -> None:
        assert self._broker is not None
        await self._broker.start(self.node, self._receive, self._take_peer)

    def _start_for_listeners(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # before the loop runs: the application's start sees that somebody listens
        if self._settle(loop) is not None:
            raise WrongEventLoop(
                "this thread's event loop is not that of the application",
                why="listeners are called on the loop that the application runs on",
                fix="subscribe in a handler or at the application's start; broadcasting works from every thread",
            )
        if self._connection is not None:
            self._connection.begin()


class _PeerListening:
    __slots__ = ("call",)

    def __init__(self, call: PeerListener) -> None:
        self.call = call


def _new_node() -> str:
    return secrets.token_hex(8)


def _encode(event: Event) -> bytes:
    try:
        return encode_message(event)
    except UnicodeEncodeError as error:
        raise InvalidTopic(
            f"the topic {event.topic!r} or the name {event.name!r} can't be sent: {error.reason}",
            why="both travel as UTF-8",
            fix="build them from text that was decoded without errors",
        ) from error
