"""Promise 17: without descriptors the server neither spins nor ends, and is itself again once there are some."""

from __future__ import annotations

import time

from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run

LIMIT = 200


def run(run: Run) -> None:
    watched_s = run.pick(2, 12)  # below the head timeout, which ends silent connections
    with attacked("prlimit", f"--nofile={LIMIT}") as server:
        with Crowd(server.port) as crowd:
            crowd.open(2 * LIMIT)
            crowd.run(0.5)
            began = server.cpu_s()
            time.sleep(watched_s)
            spun = (server.cpu_s() - began) / watched_s
            full = server.descriptors()
        released = time.monotonic()
        server.ask("/", timeout_s=30)
        normal_after = time.monotonic() - released
        lived = server.process.poll() is None
    run.say(17, "descriptors in use at the limit", full, LIMIT - 10, at_least=True)
    run.say(17, "part of a core used while there are none", round(spun, 3), 0.1)
    run.say(17, "server still there", lived, 1, at_least=True)
    run.say(17, "normal after s", round(normal_after, 2), run.pick(10, 2))
