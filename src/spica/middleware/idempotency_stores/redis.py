"""Keys and responses in a Redis: the fingerprint, a line break, and the response once there is one."""

from __future__ import annotations

from typing import Any

from spica.config.settings import Settings
from spica.middleware.idempotency_store import Entry
from spica.middleware.redis_client import RedisAddress

_PREFIX = "spica:idempotency:"


class RedisKeys:
    """Keys in a Redis. Args: url: as `RedisAddress` takes it."""

    def __init__(self, url: str) -> None:
        self._address = RedisAddress(url)

    def bind(self, settings: Settings) -> None:
        """Nothing to take."""

    async def begin(self, key: str, fingerprint: str, held_s: int) -> Entry | None:
        """Take a key."""
        client: Any = self._address.client()
        if await client.set(_PREFIX + key, fingerprint.encode(), nx=True, ex=held_s):
            return None
        found = await client.get(_PREFIX + key)
        if found is None:  # over in between: the client is told to try again
            return Entry(fingerprint, None)
        known, separator, response = found.partition(b"\n")
        return Entry(known.decode(), response if separator else None)

    async def finish(self, key: str, fingerprint: str, response: bytes, kept_s: int) -> None:
        """Keep a response."""
        await self._address.client().set(_PREFIX + key, fingerprint.encode() + b"\n" + response, ex=kept_s)

    async def release(self, key: str) -> None:
        """Give a key back."""
        await self._address.client().delete(_PREFIX + key)
