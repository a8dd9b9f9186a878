"""Promise 9: floods, stalls and bombs of HTTP/2 cost their sender its connection, and nobody else anything.

What h2spec covers is in tests/conformance/http2; that no field reaches a handler which HTTP/1 could not carry, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.conformance.http2.connection import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    PREFACE,
    PRIORITY,
    RST_STREAM,
    WINDOW_UPDATE,
    frame,
    head,
    integer,
    settings,
)
from tests.torture.crowd import Crowd, Member
from tests.torture.promises.p18_bodies import Peak
from tests.torture.server import attacked
from tests.torture.verdict import Run
from tests.torture.victim import Seen, Victim, watch

MAX_STREAMS = 256
STREAMS = range(1, 8001, 2)
CANCEL = frame(RST_STREAM, 0, 0, (8).to_bytes(4, "big"))[9:]
WAITING = head("GET", "/waits/60000")


def opened(stream: int, block: bytes, flags: int = END_STREAM) -> bytes:
    return frame(HEADERS, END_HEADERS | flags, stream, block)


def rapid_reset() -> bytes:
    """CVE-2023-44487: handlers begin as fast as streams can be opened, and the streams don't count any more."""
    return b"".join(opened(stream, WAITING) + frame(RST_STREAM, 0, stream, CANCEL) for stream in STREAMS)


def made_you_reset() -> bytes:
    """CVE-2025-8671: mistakes on a stream, so that the server resets it."""
    wrong = (2**31 - 1).to_bytes(4, "big")  # beyond what a window may be
    return b"".join(opened(stream, WAITING) + frame(WINDOW_UPDATE, 0, stream, wrong) for stream in STREAMS)


def endless_head() -> bytes:
    """CVE-2024-27316: one head without an end."""
    piece = frame(CONTINUATION, 0, 1, b"\0\x01x\x01y" * 1000)
    return frame(HEADERS, END_STREAM, 1, WAITING) + piece * 400


def empty_continuations() -> bytes:
    return frame(HEADERS, END_STREAM, 1, WAITING) + frame(CONTINUATION, 0, 1) * 100_000


def settings_flood() -> bytes:
    return settings((INITIAL_WINDOW_SIZE, 65_535)) * 50_000


def ping_flood() -> bytes:
    return frame(PING, 0, 0, b"8 octets") * 50_000


def priority_flood() -> bytes:
    return frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") * 50_000


def empty_data() -> bytes:
    return opened(1, head("POST", "/upload"), 0) + frame(DATA, 0, 1) * 50_000


def table_bomb() -> bytes:
    """One large field in the table, then a thousand references of an octet to it, on stream after stream."""
    value = b"x" * 3900
    first = b"\x40" + integer(1, 7) + b"a" + integer(len(value), 7) + value
    streams = opened(1, head() + first)
    return streams + b"".join(opened(stream, head() + b"\xbe" * 8000) for stream in range(3, 4001, 2))


def reference_bomb() -> bytes:
    """Fields of an octet each, of the table that everybody has."""
    return b"".join(opened(stream, head() + b"\x8f" * 12_000) for stream in range(1, 4001, 2))


# Each with whether it must end in ENHANCE_YOUR_CALM.
ATTACKS: dict[str, Callable[[], bytes]] = {
    "rapid reset": rapid_reset,
    "MadeYouReset": made_you_reset,
    "a head without end": endless_head,
    "empty CONTINUATION": empty_continuations,
    "SETTINGS": settings_flood,
    "PING": ping_flood,
    "PRIORITY": priority_flood,
    "empty DATA": empty_data,
    "HPACK table bomb": table_bomb,
    "HPACK reference bomb": reference_bomb,
}


def stall() -> bytes:
    """All the streams that there may be, each for a large answer, and no window for any."""
    streams = b"".join(opened(stream, head("GET", "/large")) for stream in range(1, 2 * MAX_STREAMS, 2))
    return settings((INITIAL_WINDOW_SIZE, 0)) + streams


def calmed(member: Member) -> bool:
    """Whether the last word was GOAWAY with ENHANCE_YOUR_CALM."""
    octets, last = member.received, b""
    while len(octets) >= 9:
        end = 9 + int.from_bytes(octets[:3], "big")
        last, octets = octets[:end], octets[end:]
    return last[3:4] == bytes((GOAWAY,)) and last[13:17] == ENHANCE_YOUR_CALM.to_bytes(4, "big")


def run(run: Run) -> None:
    with attacked() as server:
        baseline = watch(server.port, run.pick(1, 5))
    for name, attack in ATTACKS.items():
        _flood(run, name, PREFACE + settings() + attack(), baseline)
    _stall(run, baseline)


def _flood(run: Run, name: str, octets: bytes, baseline: Seen) -> None:
    """Connections that send all of it, again and again; the answer of each is read, or nothing would come back."""
    connections, seconds = run.pick(4, 20), run.pick(0.5, 10.0)
    ended = told = most = 0
    with attacked() as server:
        server.ask("/")
        peak = Peak(server)
        peak.start()
        with Victim(server.port) as victim:
            began = time.monotonic()
            while time.monotonic() - began < seconds or not ended:
                with Crowd(server.port, kept_bytes=1 << 22) as crowd:
                    crowd.open(connections, octets)
                    crowd.run(0.02)
                    most = max(most, server.counts()["waiting"])
                    crowd.run(30, until=lambda crowd=crowd: not crowd.alive)
                    ended += len(crowd.members)
                    told += sum(calmed(member) or member.was_reset for member in crowd.members)
        peak.stop.set()
        peak.join()
        left = server.waiting_at_last()
    run.say(9, f"{name}: connections of {ended} that were calmed", told, ended, at_least=True)
    run.say(9, f"{name}: handlers running at once", most, connections * MAX_STREAMS)
    run.say(9, f"{name}: handlers left running", left, 0)
    run.say(9, f"{name}: MiB grown", round(peak.grown_mib, 1), 64)
    run.say_victim(9, baseline, victim.seen)


def _stall(run: Run, baseline: Seen) -> None:
    count, seconds = run.pick(10, 100), run.pick(2, 20)
    with attacked() as server:
        server.ask("/large")
        peak = Peak(server)
        peak.start()
        with Victim(server.port) as victim, Crowd(server.port) as crowd:
            crowd.open(count, PREFACE + stall())
            crowd.run(seconds)
        peak.stop.set()
        peak.join()
    run.say(9, f"windows never opened by {count}: MiB grown", round(peak.grown_mib, 1), 64)
    run.say_victim(9, baseline, victim.seen)
