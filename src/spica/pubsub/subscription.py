"""Subscription: the events of a topic as an async iterator.

Rules of this file:
- Whoever broadcasts never waits for a reader. A bounded number of events waits for it; then the oldest give way, and
  the reader is told how many it missed.
- The bus holds the queue, the reader holds the subscription: a reader that is gone, whatever way it went, is
  unsubscribed because nothing refers to its subscription any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from spica.pubsub.errors import SubscriberTooSlow
from spica.pubsub.event import Event

MAX_WAITING = 1_000


class Source(Protocol):
    """What a subscription is made by."""

    def listen(self, topic: str, listener: Callable[[Event], None]) -> Callable[[], None]: ...
    async def started(self) -> None: ...


class Queue:
    """The events that wait for one reader. `missed`: how many were dropped since it last read."""

    __slots__ = ("__weakref__", "_waiter", "events", "is_over", "missed")

    def __init__(self, max_waiting: int) -> None:
        self.events: deque[Event] = deque(maxlen=max_waiting)
        self.missed = 0
        self.is_over = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Add an event; the oldest one gives way where there is no room."""
        events = self.events
        if len(events) == events.maxlen:
            self.missed += 1
        events.append(event)
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        """No more events come."""
        self.is_over = True
        self._wake()

    async def wait(self) -> None:
        """Wait until there is an event, or there will be none."""
        if self._waiter is not None:
            raise RuntimeError("a subscription has one reader: another task waits for its next event already")
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Subscription:
    """The events of one topic from now on; made by `pubsub.subscribe`.

    Iterating waits for the next one. `async with` and `close` end it; so does dropping it, as a handler does whose
    client left. When the application stops, iterating ends after what came before that.

    Raises:  SubscriberTooSlow when events were dropped, with how many; iterating can go on after it.
    """

    __slots__ = ("__weakref__", "_queue", "_source", "_unlisten", "topic")

    def __init__(self, source: Source, topic: str, queue: Queue) -> None:
        self.topic = topic
        self._source = source
        self._queue = queue
        self._unlisten = source.listen(topic, queue.put)

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        queue = self._queue
        if queue.missed:
            raise self._tell_missed()
        if not queue.events:
            while not queue.events and not queue.is_over:
                await queue.wait()
            if queue.missed:
                raise self._tell_missed()
        if not queue.events:
            raise StopAsyncIteration
        return queue.events.popleft()

    async def close(self) -> None:
        """Unsubscribe. What waits is dropped, and a reader that waits ends."""
        self._unlisten()
        self._queue.events.clear()
        self._queue.missed = 0
        self._queue.end()

    async def __aenter__(self) -> Subscription:
        await self._source.started()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        unlisten = getattr(self, "_unlisten", None)
        if unlisten is not None:
            unlisten()

    def _tell_missed(self) -> SubscriberTooSlow:
        missed, self._queue.missed = self._queue.missed, 0
        return SubscriberTooSlow(
            f"a subscriber of {self.topic!r} missed {missed:,} events",
            missed=missed,
            why=f"it took longer over them than they came, and no more than {self._queue.events.maxlen:,} wait",
            fix="do less for each event, or let more wait: pubsub.subscribe(topic, max_waiting=10_000)",
        )

    def __repr__(self) -> str:
        return f"<Subscription to {self.topic!r}, {len(self._queue.events)} waiting>"
