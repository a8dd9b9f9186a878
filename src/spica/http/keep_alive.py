"""Keep-alive of streams: what is sent when a stream has been silent for a while, so that no proxy takes it for dead.

Rules: nothing is sent between two halves of a piece, nothing to a client that doesn't read, and nothing costs a Task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spica.http.streaming import Chunk, Writable


class KeepAlive(NamedTuple):
    """What to send after how many seconds of silence."""

    interval_s: float
    octets: bytes


class Heartbeat:
    """Speaks for a stream that is silent. It stands before the stream's way out and sees each piece pass.

    Args:    outgoing: where pieces go; keep_alive: what is sent, and when.
    """

    def __init__(self, outgoing: Writable, keep_alive: KeepAlive) -> None:
        self._outgoing = outgoing
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._has_room = True
        self._spoke_at = self._loop.time()
        self._timer = self._loop.call_later(keep_alive.interval_s, self._beat)

    def write(self, chunk: Chunk) -> bool:
        """Pass a piece on. Returns whether there is room for more."""
        self._spoke_at = self._loop.time()
        self._has_room = self._outgoing.write(chunk)
        return self._has_room

    async def room(self) -> None:
        """Wait until there is room."""
        await self._outgoing.room()
        self._has_room = True

    def stop(self) -> None:
        """Say nothing from now on."""
        self._timer.cancel()

    def _beat(self) -> None:
        interval_s, now = self._keep_alive.interval_s, self._loop.time()
        if self._has_room and now - self._spoke_at >= interval_s:
            self.write(self._keep_alive.octets)
        next_at = self._spoke_at + interval_s
        self._timer = self._loop.call_at(next_at if next_at > now else now + interval_s, self._beat)
