"""Promise 22: workers are replaced under load of every kind, and no client has anything to complain of."""

from __future__ import annotations

import contextlib
import signal
import time

from tests.integration.workers import Load
from tests.torture.clients import Http2Client, SocketClient
from tests.torture.promises.p24_killed_worker import answering
from tests.torture.promises.p25_failures import both_workers
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run
from tests.torture.wrk import Wrk


def run(run: Run) -> None:
    reloads, least = run.pick(3, 50), run.pick(2_000, 1_000_000)
    # What a machine that others use makes late is promise 21's business: nobody is told 503 here.
    with attacked(workers=2, max_queue_s=60) as server, contextlib.ExitStack() as ended:
        both_workers(server)
        descriptors = server.descriptors()
        clients = [Http2Client(server), Http2Client(server), SocketClient(server), SocketClient(server)]
        for client in clients:
            client.start()
        exact = ended.enter_context(Load(server.port, keeping=1, closing=1))
        bulk = ended.enter_context(Wrk(server.port)) if run.is_long else None
        began, done = time.monotonic(), 0
        while done < reloads:
            before = answering(server)
            reload(server, done)
            deadline = time.monotonic() + 60
            while before & answering(server):
                assert time.monotonic() < deadline, "a worker that was replaced still answers"
            done += 1
        wrong = sum(count for content, count in exact.answers.items() if content != b"Hello, World!")
        answered = exact.counts["answered"] + sum(client.counts["answered"] for client in clients)
        if bulk is not None:
            answered += bulk.stop()
        for client in clients:
            client.stop.set()
            client.join(30)
        ended.close()
        left = server.descriptors_at_last(descriptors) - descriptors
    failures = sum(sum(client.failures.values()) for client in clients)
    for client in clients:
        print(f"  {type(client).__name__}: {dict(client.counts)}")
    print(f"  HTTP/1.1: {dict(exact.counts)}; {time.monotonic() - began:.0f} s")
    run.say(22, f"requests answered while {done} times all workers were replaced", answered, least, at_least=True)
    run.say(
        22,
        "HTTP/1.1 requests refused, reset or cut off",
        sum(exact.failures.values()) + exact.counts["idle"] + wrong,
        0,
    )
    run.say(22, "failures of HTTP/2 and WebSockets", failures, 0)
    run.say(
        22, "HTTP/2 connections and WebSockets told to go", sum(c.counts["told"] for c in clients), done, at_least=True
    )
    run.say(22, "descriptors more than before", left, 0)
    if bulk is not None:
        run.say(22, "errors that wrk counted", bulk.errors, 0)


def reload(server: Attacked, done: int) -> None:
    """Have all workers replaced once more, and wait for it: a second wish meanwhile would be the same one."""
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while server.said().count("server  reloaded ") <= done:
        assert time.monotonic() < deadline, server.said()[-2000:]
        time.sleep(0.02)
