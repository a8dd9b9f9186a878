"""Promise 5: a connection that is just below a limit holds less than twice the limit in memory."""

from __future__ import annotations

from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run

FIELD_BLOCK = 64 * 1024
UNFINISHED = {
    "field block": (FIELD_BLOCK, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (FIELD_BLOCK - 100)),
    "pipelined requests": (
        FIELD_BLOCK,
        b"GET /waits/60000 HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20_000,
    ),
}


def run(run: Run) -> None:
    count = run.pick(200, 2000)
    for what, (limit, octets) in UNFINISHED.items():
        with attacked() as server:
            before = server.rss_bytes()
            with Crowd(server.port) as crowd:
                crowd.open(count, octets)
                crowd.run(run.pick(2, 10))
                grown = (server.rss_bytes() - before) / count
        run.say(5, f"bytes a connection, unfinished {what}", round(grown), 2 * limit)
