"""Brokers: which one a URL names.

Rules of this file: a broker's module is imported when a URL names it, and so is the library that it needs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from spica.errors import closest
from spica.pubsub.broker import Broker
from spica.pubsub.errors import BrokerUrlError
from spica.telemetry.redaction import mask_url

MEMORY = "memory"
LOCAL = "local"
# Scheme to the module and class that is made with (url, name).
_HOMES: dict[str, tuple[str, str]] = {
    LOCAL: ("spica.pubsub.brokers.local", "LocalBroker"),
    "redis": ("spica.pubsub.brokers.redis", "RedisBroker"),
    "rediss": ("spica.pubsub.brokers.redis", "RedisBroker"),
    "unix": ("spica.pubsub.brokers.redis", "RedisBroker"),
    "postgresql": ("spica.pubsub.brokers.postgresql", "PostgresqlBroker"),
    "postgres": ("spica.pubsub.brokers.postgresql", "PostgresqlBroker"),
    "nats": ("spica.pubsub.brokers.nats", "NatsBroker"),
    "tls": ("spica.pubsub.brokers.nats", "NatsBroker"),
}
_EXAMPLES = {
    MEMORY: MEMORY,
    LOCAL: LOCAL,
    "redis": "redis://localhost:6379",
    "rediss": "rediss://redis.internal:6379",
    "unix": "unix:///run/redis/redis.sock",
    "postgresql": "postgresql://user:password@localhost:5432/name",
    "postgres": "postgresql://user:password@localhost:5432/name",
    "nats": "nats://localhost:4222",
    "tls": "tls://nats.internal:4222",
}


def scheme_of(url: str) -> str:
    """The part that says which broker it is: "local" of "local" and "local:///run/shop"."""
    return url.partition(":")[0].lower()


def build_broker(url: str, name: str) -> Broker | None:
    """Make the broker of a URL; nothing is connected.

    Args:    url: as `[pubsub] url`; name: what tells one application from the others that use the same server or host.
    Returns: None for "memory".
    Raises:  BrokerUrlError when there is no such broker, or the URL has a part that it doesn't take.
    """
    scheme = scheme_of(url)
    if url == MEMORY:
        return None
    if scheme not in _HOMES:
        near = closest(scheme, _EXAMPLES, limit=1)
        raise BrokerUrlError(
            f"{MEMORY} has no address" if scheme == MEMORY else f"no broker is called {scheme!r}",
            where=f"[pubsub] url = {mask_url(url)!r}",
            why=f"there are {', '.join(_EXAMPLES)}",
            fix=f'url = "{_EXAMPLES[near[0]]}"'
            if near
            else 'url = "local" for the processes of one host, url = "redis://localhost:6379" for several hosts',
        )
    if scheme != LOCAL and not url.lower().startswith(f"{scheme}://"):
        raise BrokerUrlError(
            f"[pubsub] url names {scheme}, and not where it is",
            why="after the name of the broker come :// and its host",
            fix=f'url = "{_EXAMPLES[scheme]}"',
        )
    module, kind = _HOMES[scheme]
    make = cast(Callable[[str, str], Broker], getattr(importlib.import_module(module), kind))
    return make(url, name)
