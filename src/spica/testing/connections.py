"""What carries the octets of a test: a connection of the server without a socket, or a real one.

Rules:
- Both take octets by `feed` and give what they receive to a sink, None at the end; neither waits.
- In memory, `feed` runs from the loop and never inside the test's task: handlers become tasks of their own, and one
  can't start inside another's step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias

from spica._core import MemoryConnection, Server

Sink: TypeAlias = Callable[[bytes | None], object]
Connect: TypeAlias = Callable[[Sink], "Connection"]


class Connection(Protocol):
    """One connection to the application."""

    def feed(self, data: bytes) -> object: ...
    def close(self) -> object: ...


def connect_in_memory(server: Server) -> Connect:
    """What opens connections of a server on the running loop without a socket."""
    return lambda sink: InMemory(server.connect(sink))


def connect_to(host: str, port: int) -> Connect:
    """What opens TCP connections to a listening server."""
    return lambda sink: OverSocket(host, port, sink)


class InMemory:
    """A connection of the server, without a socket."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def feed(self, data: bytes) -> None:
        """Hand octets over in the loop's next turn."""
        asyncio.get_running_loop().call_soon(self._connection.feed, data)

    def close(self) -> None:
        """End it in the loop's next turn."""
        asyncio.get_running_loop().call_soon(self._connection.close)


class OverSocket(asyncio.Protocol):
    """A TCP connection; what is fed before it is open waits."""

    def __init__(self, host: str, port: int, sink: Sink) -> None:
        self._sink = sink
        self._waiting = bytearray()
        self._transport: asyncio.Transport | None = None
        self._closed = False
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(self._open(host, port))

    async def _open(self, host: str, port: int) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        except OSError:
            self._sink(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what has waited."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._closed:
            transport.abort()
        elif self._waiting:
            transport.write(bytes(self._waiting))

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        self._sink(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it has ended."""
        self._sink(None)

    def feed(self, data: bytes) -> None:
        """Send octets, as soon as it is open."""
        if self._transport is None:
            self._waiting += data
        else:
            self._transport.write(data)

    def close(self) -> None:
        """End it at once."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()
