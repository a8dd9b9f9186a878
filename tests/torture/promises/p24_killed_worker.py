"""Promise 24: a worker that is killed takes its own requests with it and nothing else."""

from __future__ import annotations

import os
import signal
import time

import msgspec
import pytest

from spica.config.server_settings import ServerSection
from tests.torture.crowd import Crowd
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run

CALL = b"GET /waits/1500 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CALLS = 50


def has_workers() -> bool:
    """Whether the configuration takes more than one worker."""
    try:
        msgspec.convert({"workers": 2}, ServerSection)
    except msgspec.ValidationError:
        return False
    return True


def run(run: Run) -> None:
    if not has_workers():
        pytest.skip("the server does not run several workers yet")
    for _ in range(run.pick(1, 20)):
        with attacked(workers=2) as server, Crowd(server.port) as crowd:
            workers = answering(server)
            deadline = time.monotonic() + 60
            while len(workers) < 2 and time.monotonic() < deadline:
                workers = answering(server)
            before = server.descriptors()
            # Idle workers take connections unevenly, so a call may be with either: those of the killed one are cut.
            crowd.open(CALLS, CALL)
            crowd.run(0.3)
            killed = run.random.choice(sorted(workers))
            os.kill(killed, signal.SIGKILL)
            began = time.monotonic()
            while len(answering(server) - {killed}) < 2 and time.monotonic() - began < 60:
                crowd.run(0.01)
            replaced_after = time.monotonic() - began
            crowd.run(20, until=lambda crowd=crowd: not crowd.alive)
            cut = sum(not member.received for member in crowd.members)
            whole = sum(member.received.endswith(b"waited") for member in crowd.members)
            leaked = server.descriptors_at_last(before) - before
        run.say(24, "workers that answer", len(workers), 2, at_least=True)
        run.say(24, f"of {CALLS} calls whole, or cut with their worker", whole + cut, CALLS, at_least=True)
        run.say(24, "a new worker answers after s", round(replaced_after, 2), run.pick(20, 1))
        run.say(24, "descriptors more than before", leaked, 0)


def answering(server: Attacked) -> set[int]:
    """The workers that answer now: those that forty connections at once meet."""
    request = b"GET /pid HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with Crowd(server.port) as crowd:
        crowd.open(40, request)
        crowd.run(10, until=lambda: not crowd.alive)
        contents = [member.received.rpartition(b"\r\n\r\n")[2] for member in crowd.members]
    return {int(content) for content in contents if content.isdigit()}
