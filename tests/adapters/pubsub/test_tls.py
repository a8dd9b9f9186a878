"""Brokers over TLS, with a certificate that is trusted and with one that is not."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spica.pubsub import BrokerUnavailable
from tests.adapters.pubsub.nodes import Node, running
from tests.adapters.pubsub.servers import BrokerServer, NatsServer, PostgresqlServer, RedisServer, started_process
from tests.adapters.servers import own_folder, own_postgresql


class TlsRedis(RedisServer):
    def settings(self) -> str:
        files = f"tls-cert-file {self.folder}/server.crt\ntls-key-file {self.folder}/server.key\ntls-auth-clients no"
        return f"{super().settings()}\nport 0\ntls-port {self.own_port}\n{files}\n"

    @property
    def url(self) -> str:  # type: ignore[override]
        return f"rediss://all:all@localhost:{self.own_port}"


class TlsNats(NatsServer):
    def settings(self) -> str:
        files = f'cert_file: "{self.folder}/server.crt", key_file: "{self.folder}/server.key"'
        return f"{super().settings()}\ntls {{ {files} }}\n"

    @property
    def url(self) -> str:  # type: ignore[override]
        return f"tls://all:all@localhost:{self.own_port}"


@contextmanager
def tls_server(kind: str) -> Iterator[tuple[BrokerServer, Path]]:
    """A server with TLS, and its certificate."""
    if kind == "postgresql":
        with own_postgresql(tls=True) as own:
            server = PostgresqlServer(own)
            server.url = f"{own.url.replace('127.0.0.1', 'localhost')}?ssl=verify-full"
            yield server, own.folder / "server.crt"
        return
    kind_of_server = TlsRedis if kind == "redis" else TlsNats
    with own_folder("root", tls=True) as (folder, _), started_process(kind_of_server, folder) as made:
        yield made, folder / "server.crt"


@pytest.fixture(scope="module", params=["redis", "postgresql", "nats"])
def tls(request: pytest.FixtureRequest) -> Iterator[tuple[BrokerServer, Path]]:
    with tls_server(request.param) as found:
        yield found


async def test_a_certificate_that_is_trusted(tls: tuple[BrokerServer, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    server, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    name = secrets.token_hex(6)
    async with running(server.make(name), server.make(name)) as (one, two):
        await one.broker.publish(bytes(200_000))
        await one.broker.check()
        await two.until_has(bytes(200_000))


async def test_a_certificate_that_nobody_trusts(tls: tuple[BrokerServer, Path]) -> None:
    server, _ = tls
    node = Node(server.make())
    with pytest.raises(BrokerUnavailable) as caught:
        await node.start()
    assert "certificate" in caught.value.why.lower()
    assert "all:all" not in str(caught.value)
