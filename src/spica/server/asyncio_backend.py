"""The backend "asyncio": the loop's own transports carry the octets, the reactor serves them as it serves its sockets.

It works on every event loop and platform that runs the core; the core's own sockets are faster. One state machine
serves both: see core/server/src/connection.rs.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import cast

from spica._core import MemoryConnection, Server, TlsAcceptor

# How often deadlines are looked at where the loop can't watch the reactor's descriptor.
_TICK_S = 0.25
# How long a transport may take to get rid of what it holds once its connection has ended.
_CLOSE_S = 60.0


class Bridge(asyncio.Protocol):
    """Between one transport and one connection of the reactor."""

    _connection: MemoryConnection
    _transport: asyncio.Transport

    def __init__(self, server: Server, tls: TlsAcceptor | None) -> None:
        self._server = server
        self._tls = tls
        self._is_paused = False
        self._unwritten = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        address = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        self._connection = self._server.connect_over(self._take, peer=address, tls=self._tls)

    def data_received(self, data: bytes) -> None:
        """Octets have arrived."""
        self._connection.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._connection.close()

    def pause_writing(self) -> None:
        """The client takes no more for now."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """The client has taken enough."""
        self._is_paused = False
        unwritten, self._unwritten = self._unwritten, 0
        if unwritten:
            self._connection.written(unwritten)

    def _take(self, data: bytes | bool | None) -> None:
        """What the reactor wants of the transport: write, close, read or not."""
        if data is None:
            self._transport.close()
            if self._transport.get_write_buffer_size():
                # The reactor waits for this client no more, and the transport alone would wait for ever.
                asyncio.get_running_loop().call_later(_CLOSE_S, self._transport.abort)
        elif data is True:
            self._transport.resume_reading()
        elif data is False:
            self._transport.pause_reading()
        else:
            self._transport.write(data)
            if self._is_paused:
                self._unwritten += len(data)
            elif not self._transport.is_closing():
                self._connection.written(len(data))


@contextlib.asynccontextmanager
async def listening(server: Server, listeners: Sequence[socket.socket], tls: TlsAcceptor | None) -> AsyncIterator[None]:
    """Accept by the loop's own means while the block runs; the sockets stay the caller's."""
    loop = asyncio.get_running_loop()
    accepting = [
        await loop.create_server(lambda: Bridge(server, tls), sock=_duplicate(listener)) for listener in listeners
    ]
    try:
        yield
    finally:
        for one in accepting:
            one.close()


@contextlib.contextmanager
def watched(server: Server, loop: asyncio.AbstractEventLoop) -> Iterator[bool]:
    """Have the reactor polled while the block runs: when its descriptor is readable, else four times a second.

    Returns: whether the loop watches the descriptor.
    """
    descriptor = server.fileno()
    try:
        loop.add_reader(descriptor, server.poll)
    except NotImplementedError:
        timer = _Ticker(server, loop)
        try:
            yield False
        finally:
            timer.stop()
    else:
        try:
            yield True
        finally:
            loop.remove_reader(descriptor)


class _Ticker:
    """Polls by the loop's timer. Not a task: what a poll starts must not be inside another task's step."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._tick()

    def _tick(self) -> None:
        self._handle = self._loop.call_later(_TICK_S, self._tick)
        self._server.poll()

    def stop(self) -> None:
        """Tick no more."""
        self._handle.cancel()


def _duplicate(listener: socket.socket) -> socket.socket:
    duplicate = listener.dup()
    duplicate.setblocking(False)
    return duplicate
