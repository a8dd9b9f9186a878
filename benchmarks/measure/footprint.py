"""One server at rest: time to its first answer, memory when idle, memory of one more idle connection."""

from __future__ import annotations

import resource
import select
import socket
import time
from contextlib import ExitStack
from statistics import median

from benchmarks import client
from benchmarks.figures import Footprint
from benchmarks.processes import RunningServer
from benchmarks.servers import Server

SETTLE_S = 0.5
_SPARE_DESCRIPTORS = 200


def measure_footprint(server: Server, core: int, *, starts: int, connections: int) -> Footprint:
    """Start the server `starts` times, then weigh the last one idle and with idle connections.

    The first start, which may read from a cold disk or compile modules, is thrown away.
    """
    RunningServer(server, core).stop()
    times = []
    for number in range(starts):
        running = RunningServer(server, core)
        times.append(running.started_in_s)
        if number < starts - 1:
            running.stop()
    try:
        time.sleep(SETTLE_S)
        rss, pss = running.rss_bytes(), running.pss_bytes()
        idle = weigh_connections(running, connections)
    finally:
        running.stop()
    return Footprint(median(times) * 1000, rss, pss, idle)


def weigh_connections(running: RunningServer, count: int) -> float | None:
    """Return the resident bytes the server needs for one more idle connection that has had one answer.

    As many are opened before those that are weighed: the first thousands show no cost, because they fit into memory
    that the server freed while it started (weighed alone, 5,000 of Spica's seemed to take 51 bytes each; it is 156).

    Returns: None when the server did not take or keep them all. The kernel's socket buffers are not counted.
    """
    count = min(count, (_descriptors() - _SPARE_DESCRIPTORS) // 2)
    with ExitStack() as held:
        try:
            opened = _open(running.port, count, held)
            time.sleep(SETTLE_S)
            before = running.rss_bytes()
            opened += _open(running.port, count, held)
        except OSError:
            return None
        time.sleep(SETTLE_S)
        after = running.rss_bytes()
        all_open = not _readable(opened)
    return (after - before) / count if all_open else None


def _open(port: int, count: int, stack: ExitStack) -> list[socket.socket]:
    opened = []
    for _ in range(count):
        connection = stack.enter_context(client.connect(port))
        client.exchange(connection, "/plaintext")
        opened.append(connection)
    return opened


def _readable(connections: list[socket.socket]) -> bool:
    """Tell whether one of them was closed by the server, which shows as something to read."""
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _descriptors() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system lets us, for this program and the servers it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
