"""The backend "asyncio": a transport lives no longer than it should."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import pytest

from spica._core import Server
from spica.server import asyncio_backend
from spica.server.asyncio_backend import Bridge


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
        async with asyncio.timeout(5):
            await stub.is_closed.wait()
