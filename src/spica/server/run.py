"""One worker's life: start the application, serve, and stop without losing a request.

The native reactor has its own epoll descriptor; the event loop watches that one descriptor and calls `poll` when it is
readable. Everything else on the loop (timers, tasks, database sockets) runs between two polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from spica._core import Server, trim_memory
from spica.app.application import App
from spica.server.event_loop import new_event_loop
from spica.server.listener import open_listener

POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve.

    Args:    host, port: where to listen (port 0: any free one); access_log: "text", "json" or None for no lines;
             grace_s: how long requests in flight may take once the server stops, in seconds;
             announce: print where it listens, and how to stop it.
    """

    host: str = "127.0.0.1"
    port: int = 3000
    access_log: Literal["text", "json"] | None = "text"
    grace_s: float = 30.0
    announce: bool = True


def serve(app: App, options: ServerOptions) -> None:
    """Serve until SIGINT or SIGTERM; then finish what is in flight, at most for the grace.

    Raises:  PortInUseError, AddressError: nothing was started; whatever the application's startup raises.
    """
    listener = open_listener(options.host, options.port)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(app, listener, options))


async def _serve(app: App, listener: socket.socket, options: ServerOptions) -> None:
    stop = asyncio.Event()
    with _signals(stop.set):
        await app.startup()
        try:
            async with running_server(app, listener, access_log=options.access_log) as server:
                if options.announce:
                    _announce(app, listener)
                # What exists now lives as long as the process: let the collector never look at it again.
                gc.collect()
                gc.freeze()
                trim_memory()
                await stop.wait()
                await drain(server, options.grace_s)
        finally:
            await app.shutdown()


@contextlib.asynccontextmanager
async def running_server(
    app: App, listener: socket.socket | None, *, access_log: Literal["text", "json"] | None = None
) -> AsyncIterator[Server]:
    """Run a reactor for `app` on the running loop; on leaving, everything that it holds ends.

    Args:    listener: a listening socket, closed by the caller's leaving; None for in-memory connections only.
    """
    loop = asyncio.get_running_loop()
    server = Server(app.core, loop, access_log=access_log, **app.settings.server.limits)
    descriptor = server.fileno()
    loop.add_reader(descriptor, server.poll)
    try:
        if listener is not None:
            server.listen(listener.fileno())
        yield server
    finally:
        loop.remove_reader(descriptor)
        server.drain()
        server.abort()
        if listener is not None:
            listener.close()
        # Cancelled handlers get their turn to run `finally` before the loop goes on to end.
        await asyncio.sleep(0)


async def drain(server: Server, grace_s: float) -> None:
    """Stop accepting and wait until every connection has ended, at most `grace_s` seconds."""
    server.drain()
    deadline = asyncio.get_running_loop().time() + grace_s
    # A stop happens once and may take 20 ms longer: that is worth no wake-up path through the core.
    while server.connections and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - the reason is above
        await asyncio.sleep(POLL_S)


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _announce(app: App, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    name = getattr(app, "name", None) or "spica"
    print(f"{name} on http://{shown}:{port} (Ctrl-C stops)", file=sys.stderr, flush=True)
