"""Promise 26: a client that goes away cancels its handler soon, and every `finally` runs."""

from __future__ import annotations

import time

from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run

CALL = b"GET /waits/60000 HTTP/1.1\r\nHost: a\r\n\r\n"
AT_ONCE = 100


def run(run: Run) -> None:
    rounds = run.pick(3, 100)
    slowest = 0.0
    with attacked() as server:
        for _ in range(rounds):
            with Crowd(server.port) as crowd:
                crowd.open(AT_ONCE, CALL)
                crowd.run(30, until=lambda: server.counts()["waiting"] == AT_ONCE)
                began = time.monotonic()
            while server.counts()["waiting"] and time.monotonic() - began < 30:
                pass
            slowest = max(slowest, time.monotonic() - began)
        counts = server.counts()
    run.say(26, f"finally of {rounds * AT_ONCE}", counts["finished"], rounds * AT_ONCE, at_least=True)
    run.say(26, f"all {AT_ONCE} cancelled after ms", round(1000 * slowest), run.pick(3000, 100))
