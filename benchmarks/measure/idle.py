"""What one idle connection of each kind costs a server, in memory."""

from __future__ import annotations

import resource
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.failure import BenchmarkError
from benchmarks.processes import RunningServer
from benchmarks.protocols import Protocol
from benchmarks.servers import Server

SETTLE_S = 0.5
_SPARE_DESCRIPTORS = 200


@dataclass(frozen=True)
class Kind:
    """One kind of connection, and the servers that are asked to hold many of it."""

    name: str
    title: str
    protocol: Protocol
    servers: tuple[str, ...]
    path: str = "/plaintext"


KINDS = [
    Kind("http1", "HTTP/1.1", Protocol.HTTP1, ("spica", "granian", "nginx")),
    Kind("tls", "HTTP/1.1, TLS", Protocol.HTTP1, ("spica-tls", "granian-tls", "nginx-tls")),
    Kind("h2", "HTTP/2", Protocol.HTTP2, ("spica", "granian", "nginx-h2")),
    Kind("h2-tls", "HTTP/2, TLS", Protocol.HTTP2, ("spica-tls", "granian-tls", "nginx-tls")),
    Kind("websocket", "WebSocket", Protocol.WEBSOCKET, ("spica-websocket", "socketify", "picows"), "/ws"),
]


def measure_idle(server: Server, kind: Kind, core: int, count: int) -> float | None:
    """Start the server, weigh its idle connections of this kind, and stop it.

    Returns: None when it did not keep them all.
    Raises:  BenchmarkError when it does not even start, or has no connections of this kind.
    """
    running = RunningServer(server, core)
    try:
        time.sleep(SETTLE_S)
        check_kind(running, kind)
        return weigh_connections(running, kind, count)
    finally:
        running.stop()


def check_kind(running: RunningServer, kind: Kind) -> None:
    """Raise BenchmarkError unless the server gives an answer on a connection of this kind."""
    try:
        connection, _ = running.ask(kind.path, kind.protocol)
    except OSError as error:
        raise BenchmarkError(str(error)) from error
    connection.close()


def weigh_connections(running: RunningServer, kind: Kind, count: int) -> float | None:
    """Return the resident bytes the server needs for one more idle connection that has had one answer.

    Half as many are opened before those that are weighed: the first thousands show no cost, because they fit into
    memory that the server freed while it started (weighed alone, 5,000 of Spica's seemed to take 51 bytes each; it is
    156).

    Returns: None when the server did not take or keep them all. The kernel's socket buffers are not counted.
    """
    count = min(count, (_descriptors() - _SPARE_DESCRIPTORS) * 2 // 3)
    with ExitStack() as held:
        try:
            opened = _open(running, kind, count // 2, held)
            time.sleep(SETTLE_S)
            before = running.rss_bytes()
            opened += _open(running, kind, count, held)
        except OSError:
            return None
        time.sleep(SETTLE_S)
        after = running.rss_bytes()
        all_open = not _any_closed(opened)
    return (after - before) / count if all_open else None


def _open(running: RunningServer, kind: Kind, count: int, stack: ExitStack) -> list[socket.socket]:
    opened = []
    for _ in range(count):
        connection, answer = running.ask(kind.path, kind.protocol)
        # Our own side of TLS is not needed to stay idle, and thousands of it are more than the server's.
        connection = stack.enter_context(socket.socket(fileno=connection.detach()))
        if answer.status not in (200, 101):
            raise ConnectionError(f"{kind.title} was answered {answer.status}")
        opened.append(connection)
    return opened


def _any_closed(connections: list[socket.socket]) -> bool:
    """Tell whether the server has closed one of them."""
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def _descriptors() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system lets us, for this program and the servers it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
