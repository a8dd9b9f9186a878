"""A TCP proxy that a test can cut, freeze and close: the network between a broker and its server."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress

from tests.ports import reserved_port


class Proxy:
    """Forwards loopback connections to a port. `async with Proxy(port) as proxy: proxy.port`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._runs = asyncio.Event()
        self._runs.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reserved = ExitStack()
        self.port = 0

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._tasks)

    async def __aenter__(self) -> Proxy:
        self.port = self._reserved.enter_context(reserved_port())
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        self.cut()
        while self._tasks:
            await asyncio.wait(list(self._tasks))
        self._reserved.close()

    async def open(self) -> None:
        """Accept connections, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def close(self) -> None:
        """Refuse new connections."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """End all connections by a reset."""
        for task in self._tasks:
            task.cancel()

    def freeze(self) -> None:
        """Accept connections and octets, and forward none."""
        self._runs.clear()

    def thaw(self) -> None:
        """Forward again."""
        self._runs.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far: asyncio.StreamWriter | None = None
        try:
            await self._runs.wait()
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, far))
                group.create_task(self._forward(far_reader, writer))
        except (OSError, asyncio.CancelledError, BaseExceptionGroup):
            pass  # either end is gone, or it was cut
        finally:
            self._tasks.discard(task)
            for one in (writer, far):
                if one is not None:
                    one.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._runs.wait()
                writer.write(data)
                await writer.drain()
        raise EOFError  # ends the other direction too
