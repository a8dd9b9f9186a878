"""Promise 25: whatever a handler raises ends its own request; a blocked loop is named, and other workers don't notice.

A panic of the core itself can't be had from outside: core/server/tests has those.
"""

from __future__ import annotations

import re
import time

from tests.torture.crowd import Crowd
from tests.torture.promises.p24_killed_worker import answering
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run

BLOCKED_MS = 3000
# Those behind the first end more than their handler where nobody looks out for them.
KINDS = (
    "RuntimeError",
    "SystemExit",
    "KeyboardInterrupt",
    "GeneratorExit",
    "StopIteration",
    "StopAsyncIteration",
    "RecursionError",
    "MemoryError",
    "CancelledError",
    "BaseException",
)
REQUEST_ID = re.compile(rb'"urn:trace:([0-9a-f]{32})"')


def call(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nConnection: close\r\n\r\n".encode()


def run(run: Run) -> None:
    _exceptions(run)
    _blocked(run)


def _exceptions(run: Run) -> None:
    rounds = run.pick(3, 300)
    paths = [f"/{form}/{kind}" for form in ("raises", "raises-later") for kind in KINDS] + ["/recurses/0"]
    breaking = [f"/breaks/{kind}" for kind in KINDS]
    ids: set[bytes] = set()
    wrong: dict[str, bytes] = {}
    whole = cut = 0
    with attacked() as server:
        pid = server.ask("/pid")
        for _ in range(rounds):
            with Crowd(server.port, kept_bytes=1 << 16) as crowd:
                for path in paths + breaking:
                    crowd.open(1, call(path))
                crowd.run(30, until=lambda crowd=crowd: not crowd.alive)
                for path, member in zip(paths, crowd.members, strict=False):
                    ids.update(REQUEST_ID.findall(member.received))
                    if not member.received.startswith(b"HTTP/1.1 500 ") or not REQUEST_ID.search(member.received):
                        wrong[path] = member.received[:200]
                streams = crowd.members[len(paths) :]
                whole += sum(member.received.endswith(b"\r\n0\r\n\r\n") for member in streams)
                cut += sum(member.ended_at is not None and b"a piece" in member.received for member in streams)
        same = server.ask("/pid") == pid
        waiting = server.waiting_at_last()
    for path, received in wrong.items():
        print(f"  {path}: {received!r}")
    run.say(25, f"of {len(paths)} failures not answered 500 with a request id", len(wrong), 0)
    run.say(25, "request ids", len(ids), rounds * len(paths), at_least=True)
    run.say(25, "streams that broke and looked whole", whole, 0)
    run.say(25, "streams that broke after a piece, and ended", cut, rounds * len(breaking), at_least=True)
    run.say(25, "process still the same", same, 1, at_least=True)
    run.say(25, "handlers left waiting", waiting, 0)


def _blocked(run: Run) -> None:
    with attacked(workers=2, watchdog_timeout=0.5, watchdog_kill_after=0) as server:
        workers = both_workers(server)
        errors, slowest = [], 0.0
        with Crowd(server.port) as crowd:
            crowd.open(1, call(f"/works/{BLOCKED_MS}"))
            crowd.run(0.2)
            began = time.monotonic()
            while time.monotonic() - began < BLOCKED_MS / 1000 - 0.5:
                asked = time.monotonic()
                try:
                    server.ask("/", timeout_s=5)
                except OSError as error:
                    errors.append(str(error))
                slowest = max(slowest, time.monotonic() - asked)
                crowd.run(0.01)
            named = re.findall(r"has not answered for 0\.5 s, blocked at application\.py:\d+ in works", server.said())
            crowd.run(30, until=lambda: not crowd.alive)
            answered = sum(member.received.endswith(b"worked") for member in crowd.members)
        same = both_workers(server) == workers
    run.say(25, "blocked loops named with their frame", len(named), 1, at_least=True)
    run.say(25, "errors of the other worker's clients", len(errors), 0)
    run.say(25, "their slowest answer in ms", round(1000 * slowest, 1), run.pick(2000, 100))
    run.say(25, "blocked call answered in the end", answered, 1, at_least=True)
    run.say(25, "workers still the same", same, 1, at_least=True)


def both_workers(server: Attacked) -> set[int]:
    """The workers, once both have answered."""
    workers: set[int] = set()
    deadline = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < deadline:
        workers |= answering(server)
    return workers
