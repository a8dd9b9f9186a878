"""The life of a process that serves: start the application, serve, and stop without losing a request.

The native reactor has one descriptor, of its epoll or kqueue; the event loop watches it and calls `poll` when it is
readable. Everything else on the loop (timers, tasks, database sockets) runs between two polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

from spica._core import Server, TlsAcceptor, trim_memory
from spica.app.application import App
from spica.config.settings import Settings
from spica.http.broadcast import reachable
from spica.server.address import Address
from spica.server.announcement import render_announcement, tell
from spica.server.asyncio_backend import listening, watched
from spica.server.backend import Backend, check_backend, uses_transports
from spica.server.cpus import pin_to
from spica.server.errors import RuntimeSettingError
from spica.server.event_loop import Kind, new_event_loop
from spica.server.listener import Listeners, choose_addresses, open_listeners
from spica.server.notify import notify_ready, notify_stopping
from spica.server.signals import disarm_hard_end, stop_signals

_log = logging.getLogger("spica.server")
POLL_S = 0.02
# How long connections of a worker that is replaced may still bring a request that was on its way to it.
LEAVE_S = 1.0

# Entered when the application accepts, left when it has stopped. Tells when asked to stop whether the connections that
# nobody has accepted yet are ours: those of a worker that is replaced are for the others.
Surroundings = Callable[[App], AbstractContextManager[Callable[[], bool]]]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve.

    Args:    host, port: where to listen (port 0: any free one); binds: addresses as text instead of these, such as
             "unix:/run/app.sock"; binds_typed: whether they win over sockets that systemd hands over; socket_mode: of
             Unix sockets; access_log: "text", "json" or None for no lines; grace_s: how long requests in flight may
             take once the server stops, in seconds; delay_s: how much of that it goes on accepting first, while /ready
             says 503; announce: print where it listens, and how to stop it; watchdog_s:
             after how long a blocked loop is reported, 0 never; cpu: the core to run on, None for any; backend:
             what carries the octets; event_loop: under it; worker_threads: for blocking work, None for Python's
             default; certificates: paths of chain and key, () for no TLS; tls_minimum: its oldest version.
    """

    host: str = "127.0.0.1"
    port: int = 3000
    binds: tuple[str, ...] = ()
    binds_typed: bool = False
    socket_mode: int = 0o660
    access_log: Literal["text", "json"] | None = "text"
    grace_s: float = 30.0
    delay_s: float = 0.0
    announce: bool = True
    watchdog_s: float = 10.0
    cpu: int | None = None
    backend: Backend = "auto"
    event_loop: Kind = "auto"
    worker_threads: int | None = None
    certificates: tuple[tuple[str, str], ...] = ()
    tls_minimum: Literal["1.2", "1.3"] = "1.2"


def serve(app: App, options: ServerOptions) -> None:
    """Serve in this process until SIGINT or SIGTERM; then finish what is in flight, at most for the grace.

    Raises:  PortInUseError, AddressError, RuntimeSettingError: nothing was started; whatever the startup raises.
    """
    if options.binds:
        addresses = choose_addresses(options.binds, typed=options.binds_typed)
    else:
        addresses = [Address("tcp", host=options.host, port=options.port)]
    listeners = open_listeners(addresses, socket_mode=options.socket_mode)
    try:
        serve_listeners(app, listeners.sockets, options, functools.partial(_alone, listeners, options))
    finally:
        listeners.close()


def serve_listeners(
    app: App,
    listeners: Sequence[socket.socket],
    options: ServerOptions,
    around: Surroundings,
    *,
    is_worker: bool = False,
) -> None:
    """Run an event loop that serves `app` on open sockets until this process is asked to stop."""
    check_backend(options.backend)
    if options.cpu is not None:
        pin_to(options.cpu)
    try:
        with asyncio.Runner(loop_factory=functools.partial(new_event_loop, options.event_loop)) as runner:
            _limit_threads(runner.get_loop(), options.worker_threads)
            _run_to_end(runner.get_loop(), _serve(app, listeners, options, around, is_worker))
    finally:
        disarm_hard_end()


def _run_to_end(loop: asyncio.AbstractEventLoop, serving: Coroutine[Any, Any, None]) -> None:
    """Run the loop until `serving` is done, whatever other tasks raise.

    SystemExit and KeyboardInterrupt of a task stop every event loop: a handler that calls `sys.exit()` would take all
    requests with it. Its own request has its answer by then, and the loop goes on where it stopped (promise 25).
    """
    task = loop.create_task(serving)
    while True:
        try:
            return loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as error:
            if task.done():
                raise
            _log.error("%s in a task does not end the server", type(error).__name__)


async def _serve(
    app: App, listeners: Sequence[socket.socket], options: ServerOptions, around: Surroundings, is_worker: bool
) -> None:
    stop = asyncio.Event()
    with stop_signals(stop.set, options.grace_s, is_worker=is_worker):
        await app.startup()
        try:
            await app.learn_presence()
            tls = _build_acceptor(app, options)
            async with running_server(
                app, listeners, access_log=options.access_log, tls=tls, backend=options.backend
            ) as server:
                with _watched(tls, options), around(app) as takes_backlog:
                    # What exists now lives as long as the process: let the collector never look at it again.
                    gc.collect()
                    gc.freeze()
                    trim_memory()
                    await stop.wait()
                    stops_all = takes_backlog()
                    delay_s = 0.0
                    if stops_all:
                        app.health.leave()
                        delay_s = min(options.delay_s, options.grace_s)
                        await asyncio.sleep(delay_s)
                        await _take_backlog(server)
                    for listener in listeners:
                        listener.close()
                    app.say_goodbye()
                    await drain(server, options.grace_s - delay_s, linger_s=0 if stops_all else LEAVE_S)
        finally:
            await app.shutdown()


@contextlib.asynccontextmanager
async def running_server(
    app: App,
    listener: socket.socket | Sequence[socket.socket] | None,
    *,
    access_log: Literal["text", "json"] | None = None,
    tls: TlsAcceptor | None = None,
    backend: Backend = "auto",
) -> AsyncIterator[Server]:
    """Run a reactor for `app` on the running loop; on leaving, everything that it holds ends.

    Args:    listener: one or several listening sockets, closed by the caller's leaving; None for in-memory connections;
             tls: speaks TLS on all of them; backend: "auto" for the reactor's own sockets where the loop
             can watch it.
    Raises:  RuntimeSettingError: a backend that this system or this loop does not have, a limit that the core refuses.
    """
    loop = asyncio.get_running_loop()
    listeners = [listener] if isinstance(listener, socket.socket) else list(listener or [])
    arguments = server_arguments(app.settings)
    try:
        server = Server(app.core, loop, access_log=access_log, **arguments)
    except ValueError as error:
        raise RuntimeSettingError(str(error), where="[server] in config/", fix="correct that value") from None
    try:
        with watched(server, loop) as is_watched, reachable(server):
            if uses_transports(backend, is_watched=is_watched):
                async with listening(server, listeners, tls):
                    yield server
            else:
                for one in listeners:
                    server.listen(one.fileno(), tls)
                yield server
    finally:
        server.drain()
        server.abort()
        for one in listeners:
            one.close()
        # Cancelled handlers get their turn to run `finally` before the loop goes on to end.
        await asyncio.sleep(0)


def server_arguments(settings: Settings) -> dict[str, Any]:
    """Turn the configuration into the core's options: the one place where they are handed over.

    What the core can't take yet is refused by the configuration (`AWAITED` in spica.config.server_settings).
    """
    arguments = settings.server.limits
    if compression := settings.server.compression.options:
        arguments["compression"] = compression
    http2 = settings.server.http2
    return arguments | {
        "http2": http2.enabled,
        "http2_max_streams": http2.max_concurrent_streams,
        "max_waiting": settings.runtime.max_tasks_per_loop,
    }


async def drain(server: Server, grace_s: float, *, linger_s: float = 0.0) -> None:
    """Stop accepting and wait until every connection has ended, at most `grace_s` seconds.

    Args:    linger_s: how long an idle connection may still bring a request, which is answered and ends it.
    """
    server.drain(linger_s)
    deadline = asyncio.get_running_loop().time() + grace_s
    # A stop happens once and may take 20 ms longer: that is worth no wake-up path through the core.
    while server.connections and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - the reason is above
        await asyncio.sleep(POLL_S)


async def _take_backlog(server: Server) -> None:
    """Accept who has connected already: for them the server did not stop."""
    # From the loop and not from this task: inside a task no handler can take its first step.
    asyncio.get_running_loop().call_soon(server.poll)
    await asyncio.sleep(0)


def _build_acceptor(app: App, options: ServerOptions) -> TlsAcceptor | None:
    if not options.certificates:
        return None
    # Lazy: a server without TLS starts without it.
    from spica.server.certificates import build_acceptor

    http2 = app.settings.server.http2.enabled
    return build_acceptor(options.certificates, options.tls_minimum, app.settings.app.secret_keys, http2=http2)


def _watched(tls: TlsAcceptor | None, options: ServerOptions) -> AbstractContextManager[None]:
    if tls is None:
        return contextlib.nullcontext()
    from spica.server.certificates import watched_certificates

    return watched_certificates(tls, options.certificates)


def _limit_threads(loop: asyncio.AbstractEventLoop, threads: int | None) -> None:
    if threads is not None:
        # Lazy: Python makes its own pool at first use, and most applications never need one.
        from concurrent.futures import ThreadPoolExecutor

        loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="spica-worker"))


@contextlib.contextmanager
def _alone(listeners: Listeners, options: ServerOptions, app: App) -> Iterator[Callable[[], bool]]:
    """What is around the only process of a server: its announcement and its watchdog."""
    # Lazy: traceback and threads, which a worker with a supervisor does not need.
    from spica.server.watchdog import watched

    if options.announce:
        tell(render_announcement(app.name, listeners.urls, tls=bool(options.certificates)))
    notify_ready()
    with watched(asyncio.get_running_loop(), options.watchdog_s, str(app.root or os.getcwd())):
        yield _on_stop_alone


def _on_stop_alone() -> bool:
    notify_stopping()
    return True
