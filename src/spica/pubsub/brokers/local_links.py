"""Links between processes of one host: frames of octets, one way.

    frame      length 4, octets
    a link     hello, message, message, …; a hello may come again

Rules of this file:
- Nothing here waits. What the other process does not take stays in memory; whoever sends asks how much that is, and
  ends the link when it is too much.
- A link is read in batches, so that those who are given the messages can run in between.
- A link ends once: its owner is told by `on_end`, and not when the owner ended it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from itertools import islice

from spica.pubsub.broker import BATCH, MAX_MESSAGE_BYTES

MAX_WAITING_BYTES = 16 * 1_048_576
_READ_BYTES = 65_536
_FRAMES_A_WRITE = 64
_LENGTH = struct.Struct(">I")


def build_frame(content: bytes) -> bytes:
    """Octets with their length in front."""
    return _LENGTH.pack(len(content)) + content


class Outgoing:
    """What goes to one other process. `waiting`: octets that it has not taken yet; `taken`: those that it has.

    Args:    peer: a connected socket that does not block; on_end: is given the link when the other process closed it.
    """

    def __init__(
        self, peer: socket.socket, loop: asyncio.AbstractEventLoop, on_end: Callable[[Outgoing], None]
    ) -> None:
        self.waiting = 0
        self.taken = 0
        self.is_lagging = False
        self._peer = peer
        self._loop = loop
        self._on_end = on_end
        self._frames: deque[bytes | memoryview] = deque()
        self._drained: asyncio.Future[None] | None = None
        loop.add_reader(peer, self._look)

    def send(self, frame: bytes) -> None:
        """Send a frame, or keep it until the other process takes it."""
        rest: bytes | memoryview = frame
        if not self._frames:
            sent = self._write([frame])
            if sent == len(frame) or sent < 0:
                return
            if sent:
                rest = memoryview(frame)[sent:]
            self._loop.add_writer(self._peer, self._go_on)
        self._frames.append(rest)
        self.waiting += len(rest)

    def drained(self) -> asyncio.Future[None]:
        """A future that is done when nothing waits any more, or the link has ended; shared by all who ask."""
        if self._drained is None or self._drained.done():
            self._drained = self._loop.create_future()
            if not self._frames:
                self._drained.set_result(None)
        return self._drained

    def close(self) -> None:
        """End it; what waits is lost."""
        if self._peer.fileno() < 0:
            return
        self._loop.remove_reader(self._peer)
        self._loop.remove_writer(self._peer)
        self.abandon()
        self._conclude()

    def abandon(self) -> None:
        """Close the socket alone: of a link whose event loop is closed."""
        self._peer.close()
        self._frames.clear()
        self.waiting = 0

    def _go_on(self) -> None:
        sent = self._write(list(islice(self._frames, _FRAMES_A_WRITE)))
        if sent < 0:
            return
        self.waiting -= sent
        while sent:
            first = self._frames[0]
            if sent < len(first):
                self._frames[0] = memoryview(first)[sent:]
                break
            sent -= len(first)
            self._frames.popleft()
        if not self._frames:
            self._loop.remove_writer(self._peer)
            self.is_lagging = False
            self._conclude()

    def _write(self, frames: list[bytes | memoryview]) -> int:
        """Write what the system takes. Returns how much, -1 when the link has ended."""
        try:
            sent = self._peer.sendmsg(frames) if len(frames) > 1 else self._peer.send(frames[0])
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._end()
            return -1
        self.taken += sent
        return sent

    def _look(self) -> None:
        """The other process never writes here: what can be read is that it closed the link."""
        with contextlib.suppress(BlockingIOError, InterruptedError):
            try:
                received = self._peer.recv(64)
            except ConnectionError:
                received = b""
            if not received:
                self._end()

    def _end(self) -> None:
        if self._peer.fileno() >= 0:
            self.close()
            self._on_end(self)

    def _conclude(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)


class Incoming:
    """What comes from one other process. `node`: its name, "" before its hello.

    Args:    peer: an accepted socket that does not block; take: is given the link and the content of each frame;
             on_end: is given the link when the other process closed it, or broke the rules.
    """

    def __init__(
        self,
        peer: socket.socket,
        loop: asyncio.AbstractEventLoop,
        take: Callable[[Incoming, bytes], None],
        on_end: Callable[[Incoming], None],
    ) -> None:
        self.node = ""
        self._peer = peer
        self._loop = loop
        self._take = take
        self._on_end = on_end
        self._chunks: list[bytes] = []
        self._had = 0
        self._needed = _LENGTH.size
        loop.add_reader(peer, self._read)

    def close(self) -> None:
        """End it; what was not read yet is lost."""
        if self._peer.fileno() < 0:
            return
        self._loop.remove_reader(self._peer)
        self.abandon()

    def abandon(self) -> None:
        """Close the socket alone: of a link whose event loop is closed."""
        self._peer.close()
        self._chunks.clear()

    def _read(self) -> None:
        try:
            data = self._peer.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._on_end(self)
            return
        self._chunks.append(data)
        self._had += len(data)
        if self._had >= self._needed and not self._hand_over():
            self._loop.remove_reader(self._peer)
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """The rest of a long batch, one turn of the loop later."""
        if self._peer.fileno() < 0:
            return
        if self._hand_over():
            if self._peer.fileno() >= 0:
                self._loop.add_reader(self._peer, self._read)
        else:
            self._loop.call_soon(self._go_on)

    def _hand_over(self) -> bool:
        """Hand over the frames that are complete. Returns whether all were, False when the loop is to run first."""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        at, count, needed = 0, 0, _LENGTH.size
        while len(data) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, at)
            if length > MAX_MESSAGE_BYTES:
                self.close()
                self._on_end(self)
                return True
            needed = _LENGTH.size + length
            if len(data) - at < needed or count == BATCH:
                break
            content = data[at + _LENGTH.size : at + needed]
            at, count, needed = at + needed, count + 1, _LENGTH.size
            self._take(self, content)
            if self._peer.fileno() < 0:  # closed by what it told
                return True
        rest = data[at:] if at else data
        self._chunks, self._had, self._needed = [rest] if rest else [], len(rest), needed
        return count < BATCH or self._had < needed
