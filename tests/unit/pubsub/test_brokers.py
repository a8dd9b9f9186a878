"""Which broker a URL names."""

from __future__ import annotations

import pytest

from spica.pubsub import BrokerUrlError
from spica.pubsub.brokers import build_broker


def test_memory_is_none() -> None:
    assert build_broker("memory", "shop") is None


@pytest.mark.parametrize("url", ["kafka://localhost", "", "memory://x", "redis", "https://u:hunter2@example.com"])
def test_an_unknown_one_is_refused(url: str) -> None:
    with pytest.raises(BrokerUrlError) as raised:
        build_broker(url, "shop")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://:hunter2@localhost:6379/0", "RedisBroker"),
        ("rediss://localhost", "RedisBroker"),
        ("unix:///run/redis.sock", "RedisBroker"),
        ("postgresql://postgres:hunter2@localhost/shop?ssl=require", "PostgresqlBroker"),
        ("postgres://localhost/shop", "PostgresqlBroker"),
        ("nats://hunter2@localhost", "NatsBroker"),
        ("nats://shop:hunter2@one:4222,two", "NatsBroker"),
        ("tls://localhost:4222", "NatsBroker"),
    ],
)
def test_brokers_that_are_servers(url: str, kind: str) -> None:
    broker = build_broker(url, "shop")
    assert type(broker).__name__ == kind
    assert "hunter2" not in broker.place  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "url",
    [
        "redis:/localhost",
        "redis://:hunter2/x@localhost",
        "redis://localhost?socket_timeout=hunter2",
        "postgresql://postgres:hunter2@localhost",
        "postgresql://postgres:hunter2@localhost/shop?sll=require",
        "postgresql://postgres:hunter2@local[host/shop",
        "nats://shop:hunter2@",
        "nats://shop:hunter2@one/path",
        "nats://shop:hunter2@one:99999",
    ],
)
def test_urls_that_a_server_does_not_take(url: str) -> None:
    with pytest.raises(BrokerUrlError) as raised:
        build_broker(url, "shop")
    assert raised.value.fix
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "what", "fix"),
    [
        ("reddis://localhost", "no broker is called 'reddis'", 'url = "redis://localhost:6379"'),
        ("memory://", "memory has no address", 'url = "memory"'),
        ("redis:/:hunter2@localhost", "names redis, and not where it is", 'url = "redis://localhost:6379"'),
        ("nats", "names nats, and not where it is", 'url = "nats://localhost:4222"'),
    ],
)
def test_what_was_meant_is_told(url: str, what: str, fix: str) -> None:
    with pytest.raises(BrokerUrlError) as raised:
        build_broker(url, "shop")
    assert what in raised.value.what
    assert raised.value.fix == fix
    assert "hunter2" not in str(raised.value)
