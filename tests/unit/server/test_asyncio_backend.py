"""spica.server.asyncio_backend: what passes between a transport and a connection of the reactor."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import pytest

from spica._core import Server
from spica.server import asyncio_backend
from spica.server.asyncio_backend import Bridge, watched


class Transport(asyncio.Transport):
    def __init__(self, peer: Any) -> None:
        super().__init__({"peername": peer})
        self.calls: list[Any] = []
        self.closing = False

    def write(self, data: Any) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


class Core:
    """Stands for the reactor and for its connection."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.polls = 0

    def connect_over(self, take: Any, *, peer: Any, tls: Any) -> Core:
        self.take, self.peer = take, peer
        return self

    def feed(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("closed")

    def written(self, count: int) -> None:
        self.calls.append(count)

    def fileno(self) -> int:
        return 1_000

    def poll(self) -> None:
        self.polls += 1


def connect(peer: Any = ("127.0.0.1", 4711)) -> tuple[Core, Transport, Bridge]:
    core, transport = Core(), Transport(peer)
    bridge = Bridge(core, None)  # type: ignore[arg-type]
    bridge.connection_made(transport)
    return core, transport, bridge


def test_octets_go_in_and_out() -> None:
    core, transport, bridge = connect()
    bridge.data_received(b"in")
    core.take(b"out")
    bridge.connection_lost(None)
    assert (core.calls, transport.calls) == ([b"in", 3, "closed"], [b"out"])


def test_what_a_slow_client_has_not_taken_is_not_written_yet() -> None:
    core, _, bridge = connect()
    bridge.pause_writing()
    core.take(b"12345")
    core.take(b"678")
    assert core.calls == []
    bridge.resume_writing()
    bridge.resume_writing()
    assert core.calls == [8]


def test_reading_stops_and_goes_on_and_the_end_closes() -> None:
    core, transport, _ = connect()
    for wish in (False, True, None):
        core.take(wish)
    assert (transport.calls, transport.closing) == (["pause", "resume"], True)
    core.take(b"late")
    assert core.calls == []


def test_a_unix_socket_has_no_peer() -> None:
    assert connect("")[0].peer is None
    assert connect(("::1", 80, 0, 0))[0].peer == ("::1", 80)


def test_a_loop_that_cannot_watch_descriptors_polls_by_its_timer() -> None:
    class Loop:
        def __init__(self) -> None:
            self.timers: list[Any] = []

        def add_reader(self, *_: object) -> None:
            raise NotImplementedError

        def call_later(self, delay_s: float, tick: Any) -> Loop:
            self.timers.append(tick)
            return self

        def cancel(self) -> None:
            self.timers.clear()

    core, loop = Core(), Loop()
    with watched(core, loop) as is_watched:  # type: ignore[arg-type]
        assert not is_watched
        loop.timers[-1]()
        assert core.polls == 2
    assert loop.timers == []


class StubServer:
    """Stands for the reactor and for its connection."""

    sink: Callable[[bytes | bool | None], None]

    def __init__(self) -> None:
        self.is_closed = asyncio.Event()

    def connect_over(self, sink: Callable[[bytes | bool | None], None], **_: Any) -> StubServer:
        self.sink = sink
        return self

    def written(self, count: int) -> None:
        """Some octets are on their way."""

    def close(self) -> None:
        self.is_closed.set()


async def test_a_client_that_reads_nothing_does_not_keep_a_connection_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio_backend, "_CLOSE_S", 0.05)
    stub, (ours, theirs) = StubServer(), socket.socketpair()
    with ours, theirs:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Bridge(cast("Server", stub), None), sock=ours)
        stub.sink(b"x" * 4_000_000)
        stub.sink(None)
        async with asyncio.timeout(30):
            await stub.is_closed.wait()
