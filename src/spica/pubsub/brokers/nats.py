"""NATS: one subject for the whole application, core NATS without JetStream.

Rules of this file:
- The package's own reconnecting is off: it keeps what is published meanwhile and sends it later, so `publish` would not
  tell. A connection that ends is replaced by a new client.
- A batch is followed by a PING; its PONG says that the server has read the batch.
- The server takes messages up to its `max_payload`, 1 MiB unless it is set otherwise: longer ones go in parts.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from spica.pubsub.broker import BATCH
from spica.pubsub.brokers.parts import HEAD, Assembler, Splitter
from spica.pubsub.brokers.server import (
    UNREADABLE,
    Deliver,
    Lost,
    ServerBroker,
    Timing,
    Wire,
    describe,
    hide_secrets,
    require,
)
from spica.pubsub.errors import BrokerUrlError

_REFUSALS = ("authorization", "authentication", "permissions")
_PORT = 4222


class NatsBroker(ServerBroker):
    """A NATS server, or several of one cluster.

    Args:    url: nats://user:password@host:4222, nats://token@host, tls:// for TLS; more servers of the cluster follow
             after commas: nats://user:password@one:4222,two:4222; name: what tells this application from others on
             the same servers; timing: default `Timing()`.
    Raises:  BrokerUrlError; BrokerLibraryMissing without the package nats-py.
    """

    def __init__(self, url: str, name: str, timing: Timing | None = None) -> None:
        super().__init__(hide_secrets(url), timing)
        require("nats", "nats", self.place)
        try:
            self._servers, self._credentials = _read_url(url)
        except ValueError:  # its text may show a part of the password
            raise BrokerUrlError(
                f"[pubsub] url {self.place!r} can't be read",
                why=f"after nats:// come hosts and their ports, nothing else; {UNREADABLE}",
                fix='url = "nats://127.0.0.1:4222"',
            ) from None
        self._subject = f"spica.pubsub.{quote(name, safe='').replace('.', '%2E')}"

    async def open(self, receive: Deliver, lost: Lost) -> Wire:
        """Connect to the first server that answers, in a random order."""
        problem: Exception = OSError("there is no server")
        timeout_s = self.timing.answer_s / len(self._servers)
        for server in random.sample(self._servers, len(self._servers)):
            wire = _NatsWire(self._subject)
            try:
                await wire.open(server, self._credentials, timeout_s, receive, lost)
            except Exception as failed:  # the package has its own and those of sockets
                await self.close_wire(wire)
                problem = failed
            except BaseException:
                await self.close_wire(wire)
                raise
            else:
                return wire
        if any(word in str(problem).lower() for word in _REFUSALS):
            raise self.refused(str(problem)) from problem
        raise problem


class _Credentials(NamedTuple):
    user: str | None
    password: str | None
    token: str | None


def _read_url(url: str) -> tuple[list[str], _Credentials]:
    """Take a URL apart: one URL a server, without credentials; those of the first one count for all."""
    scheme, _, rest = url.partition("://")
    parts = [urlsplit(f"{scheme}://{one.strip()}") for one in rest.split(",")]
    servers = [f"{scheme}://{_host(part)}:{part.port or _PORT}" for part in parts]
    user, password = (text if text is None else unquote(text) for text in (parts[0].username, parts[0].password))
    return servers, _Credentials(user, password, None) if password else _Credentials(None, None, user)


def _host(part: SplitResult) -> str:
    if not part.hostname or part.path.strip("/") or part.query or part.fragment:
        raise ValueError("no host, or more than that")
    return f"[{part.hostname}]" if ":" in part.hostname else part.hostname


class _NatsWire:
    """One client of nats-py, which ends with its first connection."""

    def __init__(self, subject: str) -> None:
        import nats.aio.client  # an extra, and heavy

        self._client: Any = nats.aio.client.Client()
        self._subject = subject
        self._splitter = Splitter()
        self._problem: Exception | None = None
        self._is_over = False  # closed by us: nothing that anybody would have to hear of

    async def open(
        self, server: str, credentials: _Credentials, timeout_s: float, receive: Deliver, lost: Lost
    ) -> None:
        assembler = Assembler(self._splitter.sender)
        received = 0

        async def hear(message: Any) -> None:
            nonlocal received
            frame = assembler.add(message.data)
            received += 1 if frame is None else receive(frame)
            if received >= BATCH:
                received = 0
                await asyncio.sleep(0)  # what is buffered is read without a wait

        async def fail(problem: Exception) -> None:
            self._problem = problem
            if "permissions violation" in str(problem).lower():  # the only one that does not end the connection
                lost(describe(problem))

        async def end() -> None:
            if not self._is_over:
                lost(describe(self._client.last_error or self._problem or OSError()))

        client = self._client
        try:
            await client.connect(
                [server],
                **credentials._asdict(),
                name="spica pubsub",
                no_echo=True,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=timeout_s,
                ping_interval=3600,  # we ask ourselves
                error_cb=fail,
                closed_cb=end,
            )
        except Exception:
            if self._problem is not None:
                raise self._problem from None  # why no server was left
            raise
        if client.max_payload <= HEAD.size:
            raise OSError(f"max_payload of the server is {client.max_payload}: nothing fits in")
        await client.subscribe(self._subject, cb=hear)
        await self.send([b""])  # tells now if we may not publish; an empty frame has no messages
        if self._problem is not None:
            raise self._problem

    async def send(self, frames: Sequence[bytes]) -> None:
        client = self._client
        for frame in frames:
            for part in self._splitter.split(frame, client.max_payload):
                await client.publish(self._subject, part)
        while client.pending_data_size and client.is_connected:  # noqa: ASYNC110  # for its flusher's next turn
            await asyncio.sleep(0)  # a PING now would overtake what it has not written
        await self.check()

    async def check(self) -> None:
        await self._client.flush(timeout=3600)  # the deadline is the caller's

    async def close(self) -> None:
        self._is_over = True
        await self._client.close()

    def abort(self) -> None:
        writer = getattr(self._client._transport, "_io_writer", None)  # close() waits for a server that reads
        if writer is not None:
            with suppress(RuntimeError):
                writer.transport.abort()
