"""Promise 4: whatever is sent, the answer is the client's fault or a close, in time, and never a 500."""

from __future__ import annotations

import time

from tests.conformance.wire import BrokenResponse, parse_head
from tests.torture.crowd import Crowd
from tests.torture.server import attacked
from tests.torture.verdict import Run

TIMEOUT_S = 1.0
MARGIN_S = 1.5  # the deadline wheel's tick, and a busy machine
SHORT_MARGIN_S = 5.0  # a machine on which other tests run
SEEDS = [
    b"GET /?a=b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: x=y\r\n\r\n",
    b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n",
    b"GET http://a/waits/1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
]
TEXTS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\r\n ",
    b":",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"%00",
]
OURS = {500, 502, 503, 504}


def mutate(run: Run) -> bytes:
    """One of the seeds with one to four changes."""
    octets = bytearray(run.random.choice(SEEDS))
    for _ in range(run.random.randint(1, 4)):
        at = run.random.randrange(len(octets))
        match run.random.randrange(4):
            case 0:
                octets[at] = run.random.randrange(256)
            case 1:
                octets[at:at] = run.random.choice(TEXTS)
            case 2:
                del octets[at : at + run.random.randint(1, 8)]
            case _:
                octets[at:at] = octets[at : at + run.random.randint(1, 30)]
        octets = octets or bytearray(b"\0")
    return bytes(octets)


def statuses(received: bytes) -> list[int]:
    """The statuses of all responses; BrokenResponse when the first is none."""
    if not received:
        return []
    head, end, _ = received.partition(b"\r\n\r\n")
    found = [parse_head(head + end).status] if end else []
    return found + [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[2:] if part[:3].isdigit()]


def run(run: Run) -> None:
    limits = {"head_timeout_s": TIMEOUT_S, "content_timeout_s": TIMEOUT_S, "keep_alive_timeout_s": TIMEOUT_S}
    within_s = 3 * (TIMEOUT_S + run.pick(SHORT_MARGIN_S, MARGIN_S))
    ours = broken = silent = 0
    longest = 0.0
    with attacked(**limits) as server:
        for _ in range(run.pick(2, 20)):
            with Crowd(server.port) as crowd:
                for _ in range(run.pick(150, 1000)):
                    crowd.open(1, mutate(run))
                # One deadline for the head, one for the content, one for what comes after an answer.
                crowd.run(within_s, until=lambda crowd=crowd: not crowd.alive)
                silent += len(crowd.alive)
                for member in crowd.members:
                    longest = max(longest, (member.ended_at or time.monotonic()) - member.opened_at)
                    try:
                        ours += any(status in OURS for status in statuses(member.received))
                    except BrokenResponse:
                        broken += 1
        server.ask("/")
    run.say(4, "answers that blame the server", ours, 0)
    run.say(4, "answers that are no HTTP", broken, 0)
    run.say(4, "connections without an end", silent, 0)
    run.say(4, "longest connection in s", round(longest, 2), within_s)
