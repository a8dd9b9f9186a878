"""Promise 16: who sends or reads slowly occupies no handler."""

from __future__ import annotations

from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run
from tests.torture.victim import Victim, watch

UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
DOWNLOAD = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"


def run(run: Run) -> None:
    count, seconds = run.pick(100, 2000), run.pick(2, 15)
    with attacked() as server:
        baseline = watch(server.port, run.pick(1, 5))
        with Victim(server.port) as victim, Crowd(server.port) as uploads, Crowd(server.port) as downloads:
            uploads.open(count, UPLOAD)
            downloads.open(count, DOWNLOAD, reads=False, receive_buffer=4096)
            for _ in range(seconds):
                uploads.send(b"x")
                uploads.run(1)
            counts = server.counts()
            ended = sum(member.ended_at is not None for member in uploads.members + downloads.members)
    run.say(16, f"handlers of {count} slow uploads", counts["uploads"], 0)
    run.say(16, "handlers that wait", counts["waiting"], 0)
    run.say(16, "peers ended before their time", ended, 0)
    run.say_victim(16, baseline, victim.seen)
