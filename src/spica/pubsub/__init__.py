"""Pub/sub: events by topic, to everybody who listens in any process of the application.

Example:
    from spica import pubsub

    await pubsub.broadcast("room:7", "new_msg", {"body": "hello"})

    async for event in pubsub.subscribe("room:7"):
        print(event.name, event.payload)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spica.pubsub.current import current, use
from spica.pubsub.errors import (
    BrokerUnavailable,
    BrokerUrlError,
    FolderRefused,
    InvalidTopic,
    NoPubSub,
    PayloadTooLarge,
    PubSubError,
    SubscriberTooSlow,
    WrongEventLoop,
)
from spica.pubsub.event import Event
from spica.pubsub.subscription import MAX_WAITING, Subscription

if TYPE_CHECKING:  # every server imports this package, and few have a bus
    from spica.pubsub.broker import Broker
    from spica.pubsub.bus import PubSub

__all__ = [
    "Broker",
    "BrokerUnavailable",
    "BrokerUrlError",
    "Event",
    "FolderRefused",
    "InvalidTopic",
    "NoPubSub",
    "PayloadTooLarge",
    "PubSub",
    "PubSubError",
    "SubscriberTooSlow",
    "Subscription",
    "WrongEventLoop",
    "broadcast",
    "current",
    "subscribe",
    "use",
]


async def broadcast(
    topic: str, name: str, payload: object = None, *, sender: object = None, here_only: bool = False
) -> None:
    """Send an event to everybody who listens to a topic; see `PubSub.broadcast`."""
    await current().broadcast(topic, name, payload, sender=sender, here_only=here_only)


def subscribe(topic: str, *, max_waiting: int = MAX_WAITING) -> Subscription:
    """Read the events of a topic, those from now on; see `PubSub.subscribe`."""
    return current().subscribe(topic, max_waiting=max_waiting)


def __getattr__(name: str) -> object:
    if name == "PubSub":
        from spica.pubsub.bus import PubSub

        return PubSub
    if name == "Broker":
        from spica.pubsub.broker import Broker

        return Broker
    raise AttributeError(f"module 'spica.pubsub' has no attribute {name!r}")
