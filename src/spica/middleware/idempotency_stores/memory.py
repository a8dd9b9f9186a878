"""Keys and responses in this process' memory: for development, tests and a server of one worker."""

from __future__ import annotations

import time
from collections import OrderedDict

from spica.config.settings import Settings
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.idempotency_store import Entry

LIMIT = 10_000


class MemoryKeys:
    """Keys in a dict. Args: limit: how many are kept; beyond, the oldest are forgotten."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._entries: OrderedDict[str, tuple[float, Entry]] = OrderedDict()
        self._limit = limit

    def bind(self, settings: Settings) -> None:
        """Refuse several workers. Raises InvalidMiddleware."""
        workers = settings.server.workers
        if workers != 1:
            raise InvalidMiddleware(
                f"idempotency keys are to be kept in memory, by {workers} workers",
                why="each worker has its own memory: a request that is sent again may be handled again",
                fix='m.Idempotency(store="database") or "redis://..."; or [server] workers = 1',
            )

    async def begin(self, key: str, fingerprint: str, held_s: int) -> Entry | None:
        """Take a key."""
        now = time.monotonic()
        ends_at, entry = self._entries.get(key, (0.0, None))
        if entry is not None and ends_at > now:
            return entry
        self._put(key, now + held_s, Entry(fingerprint, None))
        return None

    async def finish(self, key: str, fingerprint: str, response: bytes, kept_s: int) -> None:
        """Keep a response."""
        self._put(key, time.monotonic() + kept_s, Entry(fingerprint, response))

    async def release(self, key: str) -> None:
        """Give a key back."""
        self._entries.pop(key, None)

    def _put(self, key: str, ends_at: float, entry: Entry) -> None:
        self._entries[key] = ends_at, entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)
