"""An HTTP/2 client that sends any frame, right or wrong, and says what came back.

Rules: frames are octets here, made by `frame`; header blocks are made of plain literals, so that a test says exactly
what it sends. A connection error must be told by GOAWAY with the right code and must end the connection (RFC 9113
section 5.4.1); a stream error by RST_STREAM, a 4xx, or by the stronger connection error (section 5.4.2).
"""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, WITH_PRIORITY = 0x4, 0x8, 0x20
(
    NO_ERROR,
    PROTOCOL_ERROR,
    INTERNAL_ERROR,
    FLOW_CONTROL_ERROR,
    SETTINGS_TIMEOUT,
    STREAM_CLOSED,
    FRAME_SIZE_ERROR,
    REFUSED_STREAM,
    CANCEL,
    COMPRESSION_ERROR,
    CONNECT_ERROR,
    ENHANCE_YOUR_CALM,
) = range(12)
(
    HEADER_TABLE_SIZE,
    ENABLE_PUSH,
    MAX_CONCURRENT_STREAMS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    MAX_HEADER_LIST_SIZE,
) = range(1, 7)
TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Frame:
    """One frame received."""

    type: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self) -> int:
        """The error code of RST_STREAM or GOAWAY."""
        return int.from_bytes(self.payload[4:8] if self.type == GOAWAY else self.payload[:4], "big")


@dataclass
class Answer:
    """One response."""

    status: int
    fields: list[tuple[str, str]]
    content: bytes


def frame(type: int, flags: int, stream: int, payload: bytes = b"", length: int | None = None) -> bytes:
    """A frame; `length` says another one than the payload has."""
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + bytes((type, flags)) + stream.to_bytes(4, "big") + payload


def settings(*pairs: tuple[int, int], flags: int = 0) -> bytes:
    payload = b"".join(key.to_bytes(2, "big") + value.to_bytes(4, "big") for key, value in pairs)
    return frame(SETTINGS, flags, 0, payload)


def integer(value: int, bits: int, first: int = 0) -> bytes:
    """RFC 7541 section 5.1, in the low `bits` of an octet whose high ones are those of `first`."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    out, value = bytearray((first | most,)), value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes((*out, value))


def literal(name: str | bytes, value: str | bytes) -> bytes:
    """A field that is not indexed and not compressed (RFC 7541 section 6.2.2)."""
    texts = [text.encode() if isinstance(text, str) else text for text in (name, value)]
    return b"\0" + b"".join(integer(len(text), 7) + text for text in texts)


def block(*fields: tuple[str | bytes, str | bytes]) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


def head(method: str = "GET", path: str = "/", *more: tuple[str | bytes, str | bytes]) -> bytes:
    """The header block of a valid request, with `more` fields."""
    return block((":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), *more)


def goaway(last: int = 0, code: int = NO_ERROR, stream: int = 0) -> bytes:
    return frame(GOAWAY, 0, stream, last.to_bytes(4, "big") + code.to_bytes(4, "big"))


class Connection:
    """One connection, its preface and settings exchanged unless told otherwise."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, *, greet: bool = True) -> None:
        from hpack import Decoder  # a development tool: without it, the suite is skipped

        plain = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self.received = b""
        self.decoder = Decoder()
        self.settings: dict[int, int] = {}
        if greet:
            self.greet()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def greet(self, *pairs: tuple[int, int]) -> None:
        """Exchange prefaces and wait until both sides' settings are acknowledged."""
        self.send(PREFACE, settings(*pairs))
        self.until(SETTINGS, flags=ACK)

    def send(self, *octets: bytes) -> None:
        """Send; a server that has ended the connection already is judged by what it said."""
        try:
            self.socket.sendall(b"".join(octets))
        except OSError:
            return

    def request(self, stream: int = 1, method: str = "GET", path: str = "/", *, flags: int = END_STREAM) -> None:
        self.send(frame(HEADERS, END_HEADERS | flags, stream, head(method, path)))

    def next(self) -> Frame | None:
        """The next frame, settings acknowledged on the way; None at the end of the connection."""
        try:
            while len(self.received) < 9 or len(self.received) < 9 + int.from_bytes(self.received[:3], "big"):
                chunk = self.socket.recv(65536)
                if not chunk:
                    return None
                self.received += chunk
        except (ConnectionResetError, ssl.SSLError):
            return None
        length = int.from_bytes(self.received[:3], "big")
        header, payload = self.received[:9], self.received[9 : 9 + length]
        self.received = self.received[9 + length :]
        got = Frame(header[3], header[4], int.from_bytes(header[5:9], "big") & 0x7FFF_FFFF, payload)
        if got.type == SETTINGS and not got.flags & ACK:
            for at in range(0, len(payload), 6):
                key, value = payload[at : at + 2], payload[at + 2 : at + 6]
                self.settings[int.from_bytes(key, "big")] = int.from_bytes(value, "big")
            self.send(settings(flags=ACK))
        return got

    def until(self, type: int, *, flags: int = 0, stream: int | None = None) -> Frame:
        """The next frame of a type with these flags; others before it are read and forgotten."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            got = self.next()
            assert got is not None, f"the connection ended before a frame of type {type}"
            assert got.type not in (GOAWAY, RST_STREAM) or got.type == type, f"{got}, not a frame of type {type}"
            if got.type == type and got.flags & flags == flags and stream in (None, got.stream):
                return got
        raise AssertionError(f"no frame of type {type}")

    def answer(self, stream: int = 1) -> Answer:
        """The whole response on a stream."""
        first = self.until(HEADERS, stream=stream)
        encoded, got = first.payload, first
        while not got.flags & END_HEADERS:
            got = self.until(CONTINUATION, stream=stream)
            encoded += got.payload
        fields = [(str(name), str(value)) for name, value, *_ in self.decoder.decode(encoded)]
        content, ended = b"", bool(first.flags & END_STREAM)
        while not ended:
            got = self.until(DATA, stream=stream)
            content += got.payload
            ended = bool(got.flags & END_STREAM)
        return Answer(int(dict(fields)[":status"]), fields, content)

    def answers(self, stream: int = 1, status: int = 200) -> None:
        """The stream is answered with this status."""
        assert self.answer(stream).status == status

    def lives(self) -> None:
        """The connection goes on: a PING is answered."""
        self.send(frame(PING, 0, 0, b"are you?"))
        while self.until(PING, flags=ACK).payload != b"are you?":
            pass

    def fails(self, *codes: int) -> None:
        """A connection error: GOAWAY with one of these codes, or the general PROTOCOL_ERROR; then the end.

        Why the general one will do: docs/conformance.md.
        """
        codes += (PROTOCOL_ERROR,)
        while (got := self.next()) is not None:
            if got.type == GOAWAY and got.code != NO_ERROR:
                assert got.code in codes, f"GOAWAY with code {got.code}, not {codes}"
                self.ends()
                return
        raise AssertionError("the connection ended without a GOAWAY")

    def fails_or_ends(self, *codes: int) -> None:
        """As `fails`; the end alone will do (RFC 9113 section 3.4 lets GOAWAY be left out)."""
        while (got := self.next()) is not None:
            assert got.type != GOAWAY or got.code in codes, f"GOAWAY with code {got.code}, not {codes}"

    def ends(self) -> None:
        """The connection is ended by the server."""
        while self.next() is not None:
            pass

    def resets(self, stream: int, *codes: int) -> None:
        """A stream error with one of these codes; the stronger connection error is right too, and so is a whole 4xx."""
        refused = False
        while (got := self.next()) is not None:
            if got.type == GOAWAY and got.code != NO_ERROR:
                assert got.code in (*codes, PROTOCOL_ERROR), f"GOAWAY with code {got.code}, not {codes}"
                return
            if got.stream != stream:
                continue
            if got.type == RST_STREAM:
                assert refused or got.code in codes, f"RST_STREAM with code {got.code}, not {codes}"
                return
            if got.type == HEADERS:
                refused = _is_refusal(self, got)
                assert refused, f"answered: {got}"
            if got.type in (HEADERS, DATA) and got.flags & END_STREAM:
                return
        raise AssertionError("the connection ended without a word")


def _is_refusal(connection: Connection, got: Frame) -> bool:
    """A malformed request may be answered before its stream is closed or reset (RFC 9113 section 8.1.1)."""
    fields = connection.decoder.decode(got.payload)
    return any(name == ":status" and str(value).startswith("4") for name, value, *_ in fields)
