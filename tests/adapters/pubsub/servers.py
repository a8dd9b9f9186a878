"""The servers of brokers, each a process of this run that may be ended and started again on its port."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import redis.asyncio

from spica.pubsub.brokers.nats import NatsBroker
from spica.pubsub.brokers.postgresql import PostgresqlBroker
from spica.pubsub.brokers.redis import RedisBroker
from spica.pubsub.brokers.server import ServerBroker, Timing
from tests.adapters.servers import PATIENCE_S, OwnServer, own_postgresql
from tests.ports import reserved_port

QUICK = Timing(answer_s=10, idle_s=0.3, first_wait_s=0.02, longest_wait_s=0.2)
_PATH = "/usr/sbin:/usr/local/bin:/usr/bin"
IMPATIENT = replace(QUICK, answer_s=2)  # where there is no answer


class BrokerServer(ABC):
    """A server, and how brokers are made that use it.

    kind: of broker; url: with the credentials of somebody who may do all.
    """

    kind: type[ServerBroker]
    url: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def url_of(self, user: str, password: str) -> str:
        """The URL with other credentials."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))

    def url_at(self, port: int) -> str:
        """The URL with another port, such as that of a proxy."""
        return _at_port(self.url, port)

    def make(self, name: str = "", *, port: int = 0, url: str = "", timing: Timing = QUICK) -> ServerBroker:
        """A broker. Args: name: of the application, default a new one; port: of a proxy; url: another one."""
        return self.kind(_at_port(url or self.url, port), name or secrets.token_hex(6), timing)

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def kill(self) -> None: ...


def _at_port(url: str, port: int) -> str:
    """Put another port into a URL, unless it is 0."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}"))) if port else url


class ProcessServer(BrokerServer):
    """A server that is one process. Args: folder: an empty one; port: reserved for it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.own_port = port
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    def start(self) -> None:
        self._process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.own_port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, f"it did not start: {self.command()}"
                assert time.monotonic() < deadline, f"it does not answer: {self.command()}"
                time.sleep(0.01)  # a server of another process gives no event to wait for

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)


class RedisServer(ProcessServer):
    kind = RedisBroker

    def command(self) -> list[str]:
        (self.folder / "redis.conf").write_text(self.settings())
        return ["redis-server", str(self.folder / "redis.conf")]

    def settings(self) -> str:
        return f"""
            port {self.own_port}
            bind 127.0.0.1
            save ""
            dir {self.folder}
            user default off
            user all on >all ~* &* +@all
            user mute on >mute ~* &* +@all -publish
            user deaf on >deaf ~* &* +@all -subscribe
            user narrow on >narrow resetchannels &spica:pubsub:* +publish +subscribe +ping
            """

    @property
    def url(self) -> str:  # type: ignore[override]
        return f"redis://all:all@127.0.0.1:{self.own_port}"

    async def kill_connections(self) -> int:
        """End all connections but this one."""
        async with redis.asyncio.Redis.from_url(self.url) as client:
            return sum([await client.client_kill_filter(_type=kind, skipme=True) for kind in ("pubsub", "normal")])


class NatsServer(ProcessServer):
    kind = NatsBroker

    def command(self) -> list[str]:
        (self.folder / "nats.conf").write_text(self.settings())
        program = shutil.which("nats-server", path=_PATH)
        assert program is not None
        return [program, "-c", str(self.folder / "nats.conf")]

    def settings(self) -> str:
        return f"""
            listen: "127.0.0.1:{self.own_port}"
            max_payload: 65536
            authorization {{ users: [
              {{ user: all, password: all }}
              {{ user: mute, password: mute, permissions: {{ publish: {{ deny: ">" }} }} }}
              {{ user: deaf, password: deaf, permissions: {{ subscribe: {{ deny: ">" }} }} }}
              {{
                user: narrow, password: narrow
                permissions: {{ publish: "spica.pubsub.*", subscribe: "spica.pubsub.*" }}
              }}
            ] }}
            """

    @property
    def url(self) -> str:  # type: ignore[override]
        return f"nats://all:all@127.0.0.1:{self.own_port}"


class PostgresqlServer(BrokerServer):
    kind = PostgresqlBroker

    def __init__(self, server: OwnServer) -> None:
        self._server = server
        self.url = server.url

    def start(self) -> None:
        self._server.ensure()

    def kill(self) -> None:
        self._server.stop()

    async def kill_connections(self) -> int:
        """End all connections but this one."""
        connection = await asyncpg.connect(self.url)
        try:
            others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
            rows = await connection.fetch(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        finally:
            await connection.close()
        return len(rows)


@contextmanager
def running_server(kind: str, folder: Path) -> Iterator[BrokerServer]:
    """A server of this kind: redis, nats or postgresql."""
    if kind == "postgresql":
        with own_postgresql() as own:
            yield PostgresqlServer(own)
        return
    if shutil.which(f"{kind}-server", path=_PATH) is None:
        pytest.skip(f"{kind}-server is not installed")
    with started_process(RedisServer if kind == "redis" else NatsServer, folder) as server:
        yield server


@contextmanager
def started_process(kind: type[ProcessServer], folder: Path) -> Iterator[ProcessServer]:
    """A server until the end of the block. Args: folder: an empty one."""
    with reserved_port() as port:
        server = kind(folder, port)
        try:
            server.start()
            yield server
        finally:
            server.kill()
