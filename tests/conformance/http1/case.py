"""A case: octets that a client sends, and the only outcome that is right for them.

Rules: `served` says what each request was for the handler, so that a request framed otherwise is seen; afterwards the
connection must either be usable or ended. `refused` is one answer with a close, then the end: whatever follows in the
octets has no meaning and must get no answer (promises 1, 2, 4 and 6).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.conformance.wire import Answer, Peer

PROBE = b"GET /seen?probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Expected:
    """One answer; `content` and `target` are those that the handler of /seen saw, None where they don't matter."""

    status: int = 200
    content: str | None = None
    target: str | None = None
    method: str = "GET"


@dataclass(frozen=True)
class Case:
    """See the module. `id` begins with the section of the RFC that the outcome follows from."""

    id: str
    octets: bytes
    answers: tuple[Expected, ...]
    refusal: tuple[int, ...] = ()
    closes: bool = False


def served(id: str, octets: bytes, *answers: Expected, closes: bool = False) -> Case:
    """Requests that are each answered by a handler."""
    return Case(id, octets, answers or (Expected(),), closes=closes)


def refused(id: str, octets: bytes, *statuses: int, after: Sequence[Expected] = ()) -> Case:
    """Octets that are no request, after `after` that are; any of `statuses` (400) is right."""
    return Case(id, octets, tuple(after), refusal=statuses or (400,))


def get(fields: bytes = b"", target: bytes = b"/seen", version: bytes = b"HTTP/1.1") -> bytes:
    """A GET with these field lines beside Host, each ended by CRLF."""
    return b"GET " + target + b" " + version + b"\r\nHost: a\r\n" + fields + b"\r\n"


def post(fields: bytes, content: bytes = b"") -> bytes:
    """A POST with these field lines beside Host, each ended by CRLF."""
    return b"POST /seen HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + content


def chunked(content: bytes) -> bytes:
    """A chunked POST; `content` with its framing."""
    return post(b"Transfer-Encoding: chunked\r\n", content)


def check(case: Case, port: int, segments: Sequence[bytes]) -> None:
    """Send the case in `segments` and judge what comes back."""
    with Peer(port) as peer:
        peer.send(*segments)
        for expected in case.answers:
            _check_answer(peer.answer(expected.method), expected)
        if case.refusal:
            answer = peer.answer()
            assert answer.status in case.refusal, f"{answer.status}, not {case.refusal}: {answer.content[:200]!r}"
            assert answer.closes, "a refusal without Connection: close"
        elif not case.closes:
            peer.send(PROBE)
            _check_answer(peer.answer(), Expected(200, "", "/seen?probe"))
        assert peer.at_end(), f"after the end: {peer.received[:200]!r}"


def _check_answer(answer: Answer, expected: Expected) -> None:
    assert answer.status == expected.status, f"{answer.status}: {answer.content[:200]!r}"
    if expected.content is None and expected.target is None:
        return
    seen = json.loads(answer.content)
    assert expected.content is None or seen["content"] == expected.content
    assert expected.target is None or seen["target"] == expected.target
