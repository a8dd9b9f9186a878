"""Sessions in this process' memory: for development, tests and a server of one worker. A restart ends them all.

Rules: at most `limit` sessions are kept; beyond, the one that was used longest ago ends.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from spica.config.settings import Settings
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.session_store import Change, Record

LIMIT = 100_000


class MemoryRecords:
    """Records in a dict. Args: limit: how many are kept."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._limit = limit

    def bind(self, settings: Settings) -> None:
        """Refuse several workers. Raises InvalidMiddleware."""
        workers = settings.server.workers
        if workers != 1:
            raise InvalidMiddleware(
                f"sessions are to be kept in memory, by {workers} workers",
                why="each worker has its own memory: a visitor would be signed in here and not there",
                fix='m.Session(store="database"), "cookie" or "redis://..."; or [server] workers = 1',
            )

    async def find(self, key: str) -> Record | None:
        """The record of a key."""
        record = self._records.get(key)
        if record is None:
            return None
        if record.expires_at <= time.time():
            del self._records[key]
            return None
        self._records.move_to_end(key)
        return record

    async def create(self, record: Record) -> None:
        """Add a record."""
        self._records[record.key] = record
        while len(self._records) > self._limit:
            self._records.popitem(last=False)

    async def change(self, key: str, change: Change) -> bool:
        """Apply a change."""
        record = await self.find(key)
        if record is None:
            return False
        merged = {**record.parts, **change.parts}
        parts = {name: text for name, text in merged.items() if text is not None}
        seen_at = max(record.seen_at, change.seen_at)
        self._records[key] = record._replace(
            owner=change.owner, seen_at=seen_at, expires_at=change.expires_at, parts=parts
        )
        return True

    async def delete(self, key: str) -> bool:
        """Delete a record."""
        return self._records.pop(key, None) is not None

    async def find_of(self, owner: str) -> list[Record]:
        """The records of an owner."""
        now = time.time()
        found = [one for one in self._records.values() if one.owner == owner and one.expires_at > now]
        return sorted(found, key=lambda one: one.seen_at, reverse=True)

    async def delete_of(self, owner: str, keep: str = "") -> int:
        """Delete the records of an owner."""
        keys = [key for key, one in self._records.items() if one.owner == owner and key != keep]
        for key in keys:
            del self._records[key]
        return len(keys)
