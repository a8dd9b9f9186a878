"""Many sockets at once, by epoll: an attack's side. Loopback addresses 127.0.0.x spread them over source ports."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

PER_ADDRESS = 20_000


@dataclass
class Member:
    """One socket of the crowd; times are of time.monotonic()."""

    socket: socket.socket
    pending: bytes = b""
    received: bytes = b""
    opened_at: float = 0.0
    sent_at: float | None = None
    first_at: float | None = None
    ended_at: float | None = None
    was_reset: bool = False
    reads: bool = True


@dataclass
class Crowd:
    """Opens sockets, sends for them and collects what comes back, until told otherwise."""

    port: int
    members: list[Member] = field(default_factory=list)
    kept_bytes: int = 4096

    def __post_init__(self) -> None:
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, Member] = {}

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._epoll.close()

    @property
    def alive(self) -> list[Member]:
        return [member for member in self.members if member.ended_at is None]

    def open(self, count: int, octets: bytes = b"", *, reads: bool = True, receive_buffer: int | None = None) -> None:
        """Open `count` connections, each with `octets` to send; the kernel's backlog is given time to be emptied."""
        for index in range(count):
            peer = socket.socket()
            if receive_buffer is not None:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.settimeout(10)
            peer.bind((f"127.0.0.{2 + len(self.members) // PER_ADDRESS}", 0))
            peer.connect(("127.0.0.1", self.port))
            peer.setblocking(False)
            member = Member(peer, octets, opened_at=time.monotonic(), reads=reads)
            self.members.append(member)
            self._by_descriptor[peer.fileno()] = member
            self._epoll.register(peer.fileno(), self._events(member))
            if index % 100 == 99:
                self.run(0)

    def send(self, octets: bytes) -> None:
        """Queue octets on every socket that is still open."""
        for member in self.alive:
            member.pending += octets
            self._epoll.modify(member.socket.fileno(), self._events(member))
        self.run(0)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Send and receive for at most `seconds`, or until `until()`; returns whether that came."""
        deadline = time.monotonic() + seconds
        while True:
            for descriptor, events in self._epoll.poll(min(0.02, max(0.0, deadline - time.monotonic())), 1024):
                self._on_event(self._by_descriptor[descriptor], events)
            if until():
                return True
            if time.monotonic() >= deadline:
                return False

    def close(self) -> None:
        """End every connection from this side."""
        for member in self.alive:
            self._end(member)

    def _on_event(self, member: Member, events: int) -> None:
        if member.ended_at is not None:
            return
        if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            self._receive(member)
        if events & select.EPOLLOUT and member.ended_at is None:
            self._send(member)

    def _receive(self, member: Member) -> None:
        try:
            chunk = member.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            member.was_reset, chunk = True, b""
        if not chunk:
            self._end(member)
            return
        member.first_at = member.first_at or time.monotonic()
        member.received = (member.received + chunk)[: self.kept_bytes]

    def _send(self, member: Member) -> None:
        try:
            sent = member.socket.send(member.pending[:262_144]) if member.pending else 0
        except BlockingIOError:
            return
        except OSError:
            member.was_reset, member.pending = True, b""
            self._epoll.modify(member.socket.fileno(), self._events(member))
            return
        member.sent_at = member.sent_at or time.monotonic()
        member.pending = member.pending[sent:]
        if not member.pending:
            self._epoll.modify(member.socket.fileno(), self._events(member))

    def _end(self, member: Member) -> None:
        member.ended_at = time.monotonic()
        with contextlib.suppress(OSError):
            self._epoll.unregister(member.socket.fileno())
        self._by_descriptor.pop(member.socket.fileno(), None)
        member.socket.close()

    def _events(self, member: Member) -> int:
        events = select.EPOLLIN if member.reads else select.EPOLLRDHUP
        return events | select.EPOLLOUT if member.pending else events
