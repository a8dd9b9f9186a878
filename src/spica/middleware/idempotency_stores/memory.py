"""Keys and responses in this process' memory: for development, tests and a server of one worker.

Rules: what is kept is bounded by its octets, the oldest goes first. A key that is held is never forgotten for it: each
is a request that is being handled, and they are no more than the server lets in.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import NamedTuple

from spica.config.settings import Settings
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.idempotency_store import Entry

MAX_BYTES = 64 * 1024 * 1024
_OVERHEAD_BYTES = 500
"""What an entry takes besides its texts and octets: objects, and its place in the dict."""


class _Held(NamedTuple):
    """A key whose request is being handled."""

    fingerprint: str
    owner: str
    ends_at: float


class MemoryKeys:
    """Keys in a dict. Args: max_bytes: of the responses that are kept, default 64 MiB; beyond, the oldest go."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._held: dict[str, _Held] = {}
        self._kept: OrderedDict[str, tuple[float, Entry]] = OrderedDict()
        self._kept_bytes = 0
        self._max_bytes = max_bytes

    def bind(self, settings: Settings) -> None:
        """Refuse several workers. Raises InvalidMiddleware."""
        workers = settings.server.workers
        if workers != 1:
            raise InvalidMiddleware(
                f"idempotency keys are to be kept in memory, by {workers} workers",
                why="each worker has its own memory: a request that is sent again may be handled again",
                fix='m.Idempotency(store="database") or "redis://..."; or [server] workers = 1',
            )

    async def begin(self, key: str, fingerprint: str, owner: str, held_s: int) -> Entry | None:
        """Take a key."""
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > now:
            return kept[1]
        held = self._held.get(key)
        if held is not None and held.ends_at > now:
            return Entry(held.fingerprint, None)
        self._held[key] = _Held(fingerprint, owner, now + held_s)
        return None

    async def finish(self, key: str, owner: str, response: bytes, kept_s: int) -> None:
        """Keep a response."""
        held = self._held.get(key)
        if held is None or held.owner != owner:
            return
        del self._held[key]
        self._forget(key)
        self._kept[key] = time.monotonic() + kept_s, Entry(held.fingerprint, response)
        self._kept_bytes += _size_of(key, self._kept[key][1])
        self._shrink()

    async def release(self, key: str, owner: str) -> None:
        """Give a key back."""
        held = self._held.get(key)
        if held is not None and held.owner == owner:
            del self._held[key]

    def _shrink(self) -> None:
        """Forget what is over, and the oldest while there is too much."""
        now = time.monotonic()
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept_bytes <= self._max_bytes and self._kept[oldest][0] > now:
                return
            self._forget(oldest)

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._kept_bytes -= _size_of(key, kept[1])


def _size_of(key: str, entry: Entry) -> int:
    return len(key) + len(entry.fingerprint) + len(entry.response or b"") + _OVERHEAD_BYTES
