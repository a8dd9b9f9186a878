"""Clients of HTTP/2 and WebSockets that keep a server busy and check every answer.

They bear what their protocol says they must: GOAWAY, with the streams above its last one to be asked again, and the
code 1001.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter

from tests.conformance.http2.connection import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    head,
    settings,
)
from tests.torture.promises.p20_idle import UPGRADE
from tests.torture.server import Attacked

HEAD = head()
STATUS_200 = b"\x88"
BATCH = 20
MOST_STREAMS = 100_000
EVERY = 2**31 - 1
GOING_AWAY = 1001


class Client(threading.Thread):
    """Connects, uses its connection until that is told to end, and connects again; counts what went wrong."""

    def __init__(self, server: Attacked) -> None:
        super().__init__(daemon=True)
        self.port, self.stop, self.counts = server.port, threading.Event(), Counter[str]()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as peer:
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.use(peer)
            except OSError as error:
                self.counts[repr(error)] += 1

    def use(self, peer: socket.socket) -> None:
        raise NotImplementedError

    @property
    def failures(self) -> dict[str, int]:
        return {what: count for what, count in self.counts.items() if what not in ("answered", "told", "asked again")}


class Http2Client(Client):
    """Twenty requests at a time on one connection. Its frames are its own: libraries forget a connection at GOAWAY."""

    def use(self, peer: socket.socket) -> None:
        window = frame(WINDOW_UPDATE, 0, 0, (2**31 - 2**16).to_bytes(4, "big"))
        peer.sendall(PREFACE + settings() + window)
        octets, first = b"", 1
        while not self.stop.is_set() and first < MOST_STREAMS:
            waiting = dict.fromkeys(range(first, first + 2 * BATCH, 2), b"")
            first += 2 * BATCH
            peer.sendall(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD) for stream in waiting))
            last = EVERY
            while any(stream <= last for stream in waiting):
                chunk = peer.recv(65536)
                if not chunk:
                    self.counts["cut off" if last < EVERY else "ended without GOAWAY"] += 1
                    return
                octets += chunk
                while len(octets) >= 9 and len(octets) >= (end := 9 + int.from_bytes(octets[:3], "big")):
                    kind, flags, stream = octets[3], octets[4], int.from_bytes(octets[5:9], "big")
                    last = min(last, self._take(peer, (kind, flags, stream, octets[9:end]), waiting))
                    octets = octets[end:]
            if last < EVERY:
                self.counts["told"] += 1
                self.counts["asked again"] += len(waiting)
                return

    def _take(self, peer: socket.socket, got: tuple[int, int, int, bytes], waiting: dict[int, bytes]) -> int:
        """Act upon a frame. Returns the last stream that is served, as far as it says."""
        kind, flags, stream, payload = got
        if kind in (PING, SETTINGS) and not flags & ACK:
            peer.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind == GOAWAY:
            return int.from_bytes(payload[:4], "big")
        elif kind == RST_STREAM:
            waiting.pop(stream, None)
            self.counts[f"reset by {payload!r}"] += 1
        elif kind == HEADERS and payload[:1] != STATUS_200:
            self.counts["not 200"] += 1
        elif kind == DATA:
            waiting[stream] += payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.counts["answered" if waiting.pop(stream) == b"Hello, World!" else "wrong"] += 1
        return EVERY


class SocketClient(Client):
    """A WebSocket whose messages come back one by one."""

    def use(self, peer: socket.socket) -> None:
        peer.sendall(UPGRADE.replace(b"/news", b"/echo"))
        stream = peer.makefile("rb")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                self.counts["no handshake"] += 1
                return
            head += line
        while not self.stop.is_set():
            payload = struct.pack("!Q", self.counts["answered"])
            # Masked with zeros: what is sent is what it says.
            peer.sendall(b"\x82" + bytes((0x80 | len(payload),)) + bytes(4) + payload)
            header = stream.read(2)
            if not header:
                self.counts["ended without Close"] += 1
                return
            content = stream.read(header[1])
            if header[0] == 0x88:
                self.counts["told" if content[:2] == GOING_AWAY.to_bytes(2, "big") else f"closed {content!r}"] += 1
                peer.sendall(b"\x88\x82" + bytes(4) + content[:2])
                return
            self.counts["answered" if content == payload else "wrong"] += 1
        peer.sendall(b"\x88\x82" + bytes(4) + (1000).to_bytes(2, "big"))
