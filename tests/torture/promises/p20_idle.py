"""Promise 20: an idle connection costs little."""

from __future__ import annotations

from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = (
    b"GET /news HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def run(run: Run) -> None:
    count = run.pick(1000, 10_000)
    _weigh(run, count, REQUEST, "idle after a request", 8 * 1024)
    # With its handler's Task, its request and its subscription.
    _weigh(run, count, UPGRADE, "an idle WebSocket", 4 * 1024)


def _weigh(run: Run, count: int, octets: bytes, what: str, limit: int) -> None:
    with attacked() as server:
        before = server.rss_bytes()
        with Crowd(server.port) as crowd:
            crowd.open(count, octets)
            answered = crowd.run(30, until=lambda: all(member.first_at for member in crowd.members))
            each = (server.rss_bytes() - before) / count
            open_now = len(crowd.alive)
    run.say(20, "connections answered and kept", open_now if answered else 0, count, at_least=True)
    run.say(20, f"bytes each, {what}", round(each), limit)
