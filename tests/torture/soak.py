"""Promise 27: hours of everything at once leave nothing behind. `python -m tests.torture.soak --seconds 600`.

Plain requests by wrk at full speed, HTTP/2 and WebSockets, and beside them resets, exceptions, uploads, abandoned
handlers and slow heads; with --reload-every, all workers are replaced as often. The slope of memory is fitted over the
second half: the first one fills caches and the allocator's arenas.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import struct
import sys
import time

from tests.torture.clients import Http2Client, SocketClient
from tests.torture.crowd import Crowd
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run
from tests.torture.wrk import Wrk

MIB = 1 << 20
LINGER_0 = struct.pack("ii", 1, 0)
MIX = [
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /raises HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /waits/20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /waits/60000 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: unfin",
    b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\nConnection: close\r\n\r\n" + bytes(200_000),
    b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    + b"10000\r\n"
    + bytes(0x10000)
    + b"\r\n0\r\n\r\n",
    b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000),
]


def slope(points: list[tuple[float, float]]) -> float:
    """The slope of the line through `points` with the least squares; 0 for fewer than two."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / max(1, count)
    mean_y = sum(y for _, y in points) / max(1, count)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def disturb(run: Run, server: Attacked) -> int:
    """One round of connections that end in every way; returns how many requests it made."""
    with Crowd(server.port) as crowd:
        for _ in range(40):
            crowd.open(1, run.random.choice(MIX))
        crowd.run(0.3, until=lambda: not crowd.alive)
        for member in crowd.alive:
            if run.random.random() < 0.5:
                # The close of this side is then a reset.
                member.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    return 40


def soak(run: Run, seconds: float, *, reload_every_s: float | None = None) -> None:
    """Load a server for `seconds` and say what is left; with `reload_every_s` it gets SIGHUP as often."""
    # What a machine that others use makes late is promise 21's business: nobody is told 503 here.
    with attacked(supervise=reload_every_s is not None, max_queue_s=60) as server, contextlib.ExitStack() as ended:
        disturb(run, server)
        time.sleep(1)
        before, descriptors = server.counts(), server.descriptors()
        load = ended.enter_context(Wrk(server.port)) if Wrk.is_there() else None
        clients = [Http2Client(server), SocketClient(server)]
        for client in clients:
            client.start()
        began, made = time.monotonic(), 0
        points: list[tuple[float, float]] = []
        reloaded, reloads = began, 0
        while (elapsed := time.monotonic() - began) < seconds:
            made += disturb(run, server)
            points.append((elapsed, server.rss_bytes()))
            if reload_every_s and time.monotonic() - reloaded > reload_every_s:
                reloaded, reloads = time.monotonic(), reloads + 1
                server.process.send_signal(signal.SIGHUP)
        made += load.stop() if load is not None else 0
        for client in clients:
            client.stop.set()
            client.join(30)
        made += sum(client.counts["answered"] for client in clients)
        time.sleep(1 if reload_every_s is None else 10)  # a reload may still be under way
        server.waiting_at_last()
        left = server.descriptors_at_last(descriptors)
        after = server.counts()
        said = server.said().count("server  reloaded ")
    for client in clients:
        print(f"  {type(client).__name__}: {dict(client.counts)}")
    per_second = slope(points[len(points) // 2 :])
    print(
        f"{made} requests in {seconds:.0f} s; memory {points[0][1] / MIB:.1f} to {points[-1][1] / MIB:.1f} MiB",
        flush=True,
    )
    run.say(27, "MiB more per 10^6 requests", round(per_second * seconds / made * 1e6 / MIB, 2), run.pick(64, 1))
    run.say(27, "descriptors more than before", left - descriptors, 0)
    run.say(27, "tasks more than before", after["tasks"] - before["tasks"], 0)
    run.say(27, "handlers left waiting", after["waiting"], 0)
    if reload_every_s is not None:
        run.say(27, "reloads", said, max(1, reloads - 1), at_least=True)
        run.say(27, "failures of HTTP/2 and WebSockets", sum(sum(c.failures.values()) for c in clients), 0)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--reload-every", type=float, help="seconds between reloads by SIGHUP; none without")
    options = parser.parse_args(arguments)
    run = Run(is_long=options.seconds >= 120, **({"seed": options.seed} if options.seed is not None else {}))
    soak(run, options.seconds, reload_every_s=options.reload_every)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
