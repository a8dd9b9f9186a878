"""Redis: PUBLISH and SUBSCRIBE of one channel for the whole application.

Rules of this file:
- Two connections: one that publishes, one that is subscribed. When one ends, both are opened anew.
- Redis gives no message to those who are away, and closes the connection of a reader that falls far behind
  (`client-output-buffer-limit pubsub`).
- Channels belong to the whole server: the number of the database in the URL keeps nobody apart, the name does.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from spica.pubsub.broker import BATCH
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

SCHEMES = ("redis://", "rediss://", "unix://")


class RedisBroker(ServerBroker):
    """A Redis, or what speaks like one.

    Args:    url: redis://user:password@host:port, rediss:// for TLS, unix:///path/of/socket; name: what tells this
             application from others on the same server; timing: default `Timing()`.
    Raises:  BrokerUrlError; BrokerLibraryMissing without the package redis.
    """

    def __init__(self, url: str, name: str, timing: Timing | None = None) -> None:
        super().__init__(hide_secrets(url), timing)
        require("redis", "redis", self.place)
        self._url = url
        self._channel = f"spica:pubsub:{name}".encode()
        try:
            self._connections()
            readable = url.startswith(SCHEMES)
        except ValueError:  # its text may show a part of the password
            readable = False
        if not readable:
            raise BrokerUrlError(
                f"[pubsub] url {self.place!r} can't be read", why=UNREADABLE, fix='url = "redis://127.0.0.1:6379"'
            )

    async def open(self, receive: Deliver, lost: Lost) -> Wire:
        """Connect twice, and subscribe."""
        import redis.exceptions  # an extra, and heavy

        wire = _RedisWire(*self._connections(), self._channel)
        try:
            await wire.open(receive, lost)
        except (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError) as problem:
            await self.close_wire(wire)
            raise self.refused(str(problem)) from problem
        except BaseException:
            await self.close_wire(wire)
            raise
        return wire

    def _connections(self) -> tuple[Any, Any]:
        """Two connections, not opened yet."""
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        pool: Any = redis.asyncio.ConnectionPool.from_url(
            self._url,
            protocol=2,  # messages and answers on connections of their own, no pushes between
            retry=Retry(NoBackoff(), 0),  # trying again is ours
            socket_timeout=None,
            socket_connect_timeout=self.timing.answer_s,
        )
        return pool.make_connection(), pool.make_connection()


class _RedisWire:
    """Two connections of the redis package: its commands one layer below the client, which reconnects unasked."""

    def __init__(self, publisher: Any, subscriber: Any, channel: bytes) -> None:
        self._publisher = publisher
        self._subscriber = subscriber
        self._channel = channel
        self._reader: asyncio.Task[None] | None = None
        self._pong: asyncio.Future[None] | None = None

    async def open(self, receive: Deliver, lost: Lost) -> None:
        await self._subscriber.connect()
        await self._subscriber.send_command("SUBSCRIBE", self._channel, check_health=False)
        await self._subscriber.read_response()
        await self._publisher.connect()
        await self.send([b""])  # tells now if we may not publish; an empty frame has no messages
        self._reader = asyncio.get_running_loop().create_task(self._read(receive, lost), name="pubsub redis reader")

    async def send(self, frames: Sequence[bytes]) -> None:
        commands = self._publisher.pack_commands([("PUBLISH", self._channel, frame) for frame in frames])
        await self._publisher.send_packed_command(commands, check_health=False)
        for _ in frames:
            await self._publisher.read_response()

    async def check(self) -> None:
        self._pong = asyncio.get_running_loop().create_future()
        await self._subscriber.send_command("PING", check_health=False)
        await self._publisher.send_command("PING", check_health=False)
        await self._publisher.read_response()
        await self._pong

    async def close(self) -> None:
        self._end_reader()
        await self._publisher.disconnect()
        await self._subscriber.disconnect()

    def abort(self) -> None:
        self._end_reader()
        for connection in (self._publisher, self._subscriber):
            if (writer := connection._writer) is not None:  # it offers no end without waiting
                with suppress(RuntimeError):
                    writer.transport.abort()
                connection._reader = connection._writer = None

    async def _read(self, receive: Deliver, lost: Lost) -> None:
        read = self._subscriber.read_response
        received = 0
        try:
            while True:
                kind, *_, data = await read(disable_decoding=True, timeout=math.inf)
                if kind == b"message":
                    received += receive(data)
                    if received >= BATCH:
                        received = 0
                        await asyncio.sleep(0)  # what is buffered is read without a wait
                elif kind == b"pong" and self._pong is not None and not self._pong.done():
                    self._pong.set_result(None)
        except Exception as problem:  # the package has its own and those of sockets
            lost(describe(problem))

    def _end_reader(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None
