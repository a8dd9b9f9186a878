"""Promise 15: heads that come octet by octet hold little, end in time and hurt nobody."""

from __future__ import annotations

import time
from itertools import cycle

from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run
from tests.torture.victim import Victim, watch

DRIP = cycle(b"X-Slow: and-slow\r\n")


def run(run: Run) -> None:
    count, every_s = run.pick(500, 10_000), run.pick(0.25, 1.0)
    # The short form can't wait for the default of 20 s; the rule is the same.
    limits = run.pick({"head_timeout_s": 2.0}, {})
    closed_within_s = run.pick(10.0, 30.0)
    with attacked(**limits) as server:
        baseline = watch(server.port, run.pick(1, 5))
        before = server.rss_bytes()
        with Victim(server.port) as victim, Crowd(server.port) as crowd:
            crowd.open(count, b"GET / HTTP/1.1\r\nHost: a\r\n")
            grown = (server.rss_bytes() - before) / count
            began = time.monotonic()
            while crowd.alive and time.monotonic() - began < closed_within_s + 2:
                crowd.send(bytes((next(DRIP),)))
                crowd.run(every_s, until=lambda: not crowd.alive)
                grown = max(grown, (server.rss_bytes() - before) / count)
            open_too_long = len(crowd.alive)
            held = [
                member.ended_at - (member.sent_at or member.opened_at) for member in crowd.members if member.ended_at
            ]
    run.say(15, f"of {count} slow heads still open", open_too_long, 0)
    run.say(15, "longest held in s", round(max(held, default=float("inf")), 2), closed_within_s)
    run.say(15, "bytes each", round(grown), 8 * 1024)
    run.say_victim(15, baseline, victim.seen)
