"""Keys and responses in a Redis: the fingerprint, and a space and the owner, or a line break and the response."""

from __future__ import annotations

from typing import Any

from spica.config.settings import Settings
from spica.middleware.idempotency_store import Entry
from spica.middleware.redis_client import RedisAddress

_PREFIX = "spica:idempotency:"
# In one step, so that nobody takes the key in between. ARGV: the end of what its owner put there, and the rest.
_FINISH = """
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, -string.len(ARGV[1])) ~= ARGV[1] then return 0 end
local fingerprint = string.sub(held, 1, -string.len(ARGV[1]) - 1)
redis.call('SET', KEYS[1], fingerprint .. '\\n' .. ARGV[2], 'EX', ARGV[3])
return 1
"""
_RELEASE = """
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, -string.len(ARGV[1])) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisKeys:
    """Keys in a Redis. Args: url: as `RedisAddress` takes it."""

    def __init__(self, url: str) -> None:
        self._address = RedisAddress(url)

    def bind(self, settings: Settings) -> None:
        """Nothing to take."""

    async def begin(self, key: str, fingerprint: str, owner: str, held_s: int) -> Entry | None:
        """Take a key."""
        client: Any = self._address.client()
        if await client.set(_PREFIX + key, f"{fingerprint} {owner}".encode(), nx=True, ex=held_s):
            return None
        found = await client.get(_PREFIX + key)
        if found is None:  # over in between: the client is told to try again
            return Entry(fingerprint, None)
        known, separator, response = found.partition(b"\n")
        return Entry(known.decode().partition(" ")[0], response if separator else None)

    async def finish(self, key: str, owner: str, response: bytes, kept_s: int) -> None:
        """Keep a response."""
        await self._address.client().eval(_FINISH, 1, _PREFIX + key, f" {owner}", response, kept_s)

    async def release(self, key: str, owner: str) -> None:
        """Give a key back."""
        await self._address.client().eval(_RELEASE, 1, _PREFIX + key, f" {owner}")
