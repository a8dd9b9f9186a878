"""Promise 21: five times the load that it can bear: what it can it still answers, the rest is told so at once."""

from __future__ import annotations

import contextlib
import time

from tests.torture.crowd import Crowd, Member
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run
from tests.torture.victim import watch

REQUEST = b"GET /works/5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SOON_S = 1.0


def offer(crowd: Crowd, per_second: float, seconds: float) -> float:
    """Open connections with a request each at a steady rate; returns how long it took."""
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        crowd.open(max(0, int(elapsed * per_second) - len(crowd.members)), REQUEST)
        crowd.run(0.005)
    return time.monotonic() - began


def answered(members: list[Member], status: bytes, within_s: float) -> list[float]:
    times = [
        member.first_at - member.opened_at for member in members if member.first_at and status in member.received[:13]
    ]
    return [taken for taken in times if taken <= within_s]


def _recovered_after(server: Attacked) -> float:
    """How many seconds it takes until a client is answered 200; infinity when it is not within half a minute."""
    over = time.monotonic()
    while time.monotonic() - over < 30:
        with contextlib.suppress(OSError):
            server.ask("/", timeout_s=30)
            return time.monotonic() - over
    return float("inf")


def run(run: Run) -> None:
    seconds = run.pick(2.0, 20.0)
    # In two seconds the burst that is let in at first is a tenth of all, and other tests run beside it.
    least_good, least_told = run.pick((0.2, 0.5), (0.8, 0.99))
    at_once_s = run.pick(0.5, 0.05)
    with attacked() as server:
        with Crowd(server.port) as crowd:
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                crowd.open(4 - len(crowd.alive), REQUEST)
                crowd.run(0.002, until=lambda: len(crowd.alive) < 4)
            peak = len(answered(crowd.members, b" 200", SOON_S)) / seconds
        with Crowd(server.port) as crowd:
            took = offer(crowd, 5 * peak, seconds)
            crowd.run(SOON_S)
            good = len(answered(crowd.members, b" 200", SOON_S)) / took
            told = len(answered(crowd.members, b" 503", at_once_s))
            surplus = len(crowd.members) - len(answered(crowd.members, b" 200", SOON_S))
        recovered_s = _recovered_after(server)
        after = watch(server.port, 1)
    run.say(
        21,
        f"answers a second within {SOON_S:g} s, alone {peak:.0f},",
        round(good),
        round(least_good * peak),
        at_least=True,
    )
    run.say(
        21,
        f"of {surplus} beyond capacity, part told 503 within {1000 * at_once_s:g} ms",
        round(told / max(1, surplus), 3),
        least_told,
        at_least=True,
    )
    run.say(21, "recovered after s", round(recovered_s, 2), run.pick(10, 2))
    run.say(21, "errors after it", len(after.errors), 0)
