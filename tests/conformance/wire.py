"""A client that sends octets as given and reads responses strictly.

Rules: nothing is guessed. A response that a strict reader could misread (a line end that is no CRLF, a length that is
no number, both framings, content where there must be none) is a `BrokenResponse`, whatever the case was about.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

TIMEOUT_S = 30.0
# Between segments: long enough that the server has read one before the next comes, on a machine that is not overloaded.
# If it was not, the case still holds: the answer must be the same.
SEGMENT_PAUSE_S = 0.0005

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\t \x21-\x7e\x80-\xff]*\Z")
FIELD_LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*\Z"
)


class BrokenResponse(AssertionError):
    """What came back is no HTTP/1.1 response."""


@dataclass
class Answer:
    """One response."""

    status: int
    fields: list[tuple[str, str]]
    content: bytes = b""
    interim: list[int] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def value(self, name: str) -> str | None:
        values = self.values(name)
        return values[0] if values else None

    @property
    def closes(self) -> bool:
        return "close" in [option.strip().lower() for value in self.values("connection") for option in value.split(",")]


class Peer:
    """One connection to the server under test."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.ended = False
        self.reset = False

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *segments: bytes) -> None:
        """Send each segment by itself. A server that has already closed is no error: its answer tells."""
        try:
            for index, segment in enumerate(segments):
                if index:
                    time.sleep(SEGMENT_PAUSE_S)
                self.socket.sendall(segment)
        except (BrokenPipeError, ConnectionResetError):
            return

    def answer(self, method: str = "GET") -> Answer:
        """Read the next response to a request with this method, interim ones before it included."""
        interim = []
        while True:
            head = self._until(b"\r\n\r\n")
            answer = parse_head(head)
            if answer.status >= 200:
                answer.interim = interim
                break
            interim.append(answer.status)
        self._read_content(answer, method)
        return answer

    def at_end(self) -> bool:
        """Wait for the server's end; True when it came and nothing before it."""
        while not self.ended and not self.received:
            self._more()
        return not self.received

    def everything(self) -> bytes:
        """All that comes until the end."""
        while not self.ended:
            self._more()
        return self.received

    def _read_content(self, answer: Answer, method: str) -> None:
        lengths, codings = answer.values("content-length"), answer.values("transfer-encoding")
        bodiless = answer.status in (204, 304)
        if codings and (lengths or bodiless):
            raise BrokenResponse(f"{answer.status} with Transfer-Encoding and {lengths}")
        if lengths and (len(lengths) > 1 or not re.fullmatch(r"[0-9]+", lengths[0]) or answer.status == 204):
            raise BrokenResponse(f"{answer.status} with Content-Length {lengths}")
        if method == "HEAD" or bodiless:
            return
        if codings == ["chunked"]:
            answer.content = self._chunks()
        elif codings:
            raise BrokenResponse(f"Transfer-Encoding {codings}")
        elif lengths:
            answer.content = self._exactly(int(lengths[0]))
        elif answer.closes:
            answer.content, self.received = self.everything(), b""
        else:
            raise BrokenResponse(f"{answer.status} without an end")

    def _chunks(self) -> bytes:
        content = b""
        while True:
            line = self._until(b"\r\n")[:-2]
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", line):
                raise BrokenResponse(f"chunk size {line!r}")
            if int(line, 16) == 0:
                while trailer := self._until(b"\r\n")[:-2]:
                    _field(trailer)
                return content
            content += self._exactly(int(line, 16))
            if self._exactly(2) != b"\r\n":
                raise BrokenResponse("a chunk without its CRLF")

    def _until(self, end: bytes) -> bytes:
        while end not in self.received:
            if self.ended:
                raise BrokenResponse(f"the end came {'by a reset ' if self.reset else ''}after {self.received[:200]!r}")
            self._more()
        part, _, self.received = self.received.partition(end)
        return part + end

    def _exactly(self, count: int) -> bytes:
        while len(self.received) < count:
            if self.ended:
                raise BrokenResponse(f"the end came {count - len(self.received)} octets early")
            self._more()
        part, self.received = self.received[:count], self.received[count:]
        return part

    def _more(self) -> None:
        try:
            chunk = self.socket.recv(65536)
        except ConnectionResetError:
            self.reset = True
            chunk = b""
        self.ended = not chunk
        self.received += chunk


def parse_head(head: bytes) -> Answer:
    """Parse a response's head, its empty line included, by the grammar of RFC 9112 sections 4 and 5."""
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", head):
        raise BrokenResponse(f"a bare CR, bare LF or NUL in {head!r}")
    first, *lines = head[:-4].split(b"\r\n")
    found = STATUS_LINE.match(first)
    if found is None:
        raise BrokenResponse(f"status line {first!r}")
    return Answer(int(found[1]), [_field(line) for line in lines])


def _field(line: bytes) -> tuple[str, str]:
    found = FIELD_LINE.match(line)
    if found is None:
        raise BrokenResponse(f"field line {line!r}")
    return found[1].decode().lower(), found[2].decode("latin-1")


def split_sample(octets: bytes, count: int, shift: int = 0) -> list[Sequence[bytes]]:
    """Ways to cut octets in two, at most `count`, spread evenly; `shift` moves them so that runs differ."""
    step = max(1, len(octets) // count)
    return [(octets[:at], octets[at:]) for at in range(1 + shift % step, len(octets), step)]
