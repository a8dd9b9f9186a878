"""Sessions in a Redis: a hash each, which expires by itself, and a sorted set of the sessions of each owner.

    spica:session:<key>      owner, created_at, seen_at, expires_at and the parts by their names
    spica:sessions:<owner>   keys by the time at which they expire

Rules: a change is one script, so nothing comes between; it writes nothing when the session is gone.
"""

from __future__ import annotations

import time
from typing import Any

from spica.config.settings import Settings
from spica.middleware.redis_client import RedisAddress
from spica.middleware.session_store import Change, Record

_SESSION = "spica:session:"
_OWNER = "spica:sessions:"
_OWN_FIELDS = ("owner", "created_at", "seen_at", "expires_at")
# KEYS: session, set of its owner. ARGV: key, owner, seen_at, expires_at, how many to set, name and text of each, names
# to remove.
_CHANGE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local seen = math.max(tonumber(redis.call('HGET', KEYS[1], 'seen_at') or '0'), tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'seen_at', string.format('%d', seen), 'expires_at', ARGV[4])
local last = 5 + 2 * tonumber(ARGV[5])
for i = 6, last, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = last + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
redis.call('EXPIREAT', KEYS[1], ARGV[4])
if ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
  redis.call('EXPIREAT', KEYS[2], ARGV[4], 'NX')
  redis.call('EXPIREAT', KEYS[2], ARGV[4], 'GT')
end
return 1
"""


class RedisRecords:
    """Records in a Redis. Args: url: as `RedisAddress` takes it."""

    def __init__(self, url: str) -> None:
        self._address = RedisAddress(url)

    def bind(self, settings: Settings) -> None:
        """Nothing to take."""

    async def find(self, key: str) -> Record | None:
        """The record of a key."""
        return _record_of(key, await self._client().hgetall(_SESSION + key))

    async def create(self, record: Record) -> None:
        """Add a record."""
        own = {name: getattr(record, name) for name in _OWN_FIELDS}
        async with self._client().pipeline(transaction=True) as pipeline:
            pipeline.hset(_SESSION + record.key, mapping={**own, **_named(record.parts)})
            pipeline.expireat(_SESSION + record.key, record.expires_at)
            if record.owner:
                owned = _OWNER + record.owner
                pipeline.zadd(owned, {record.key: record.expires_at})
                pipeline.zremrangebyscore(owned, 0, int(time.time()))
                pipeline.expire(owned, max(1, record.expires_at - int(time.time())), nx=True)
                pipeline.expireat(owned, record.expires_at, gt=True)
            await pipeline.execute()

    async def change(self, key: str, change: Change) -> bool:
        """Apply a change."""
        kept = [word for name, text in change.parts.items() if text is not None for word in (f":{name}", text)]
        removed = [f":{name}" for name, text in change.parts.items() if text is None]
        head = [key, change.owner, change.seen_at, change.expires_at, len(kept) // 2]
        done = await self._client().eval(_CHANGE, 2, _SESSION + key, _OWNER + change.owner, *head, *kept, *removed)
        return bool(done)

    async def delete(self, key: str) -> bool:
        """Delete a record."""
        client = self._client()
        owner = await client.hget(_SESSION + key, "owner")
        if owner:
            await client.zrem(_OWNER + owner.decode(), key)
        return bool(await client.delete(_SESSION + key))

    async def find_of(self, owner: str) -> list[Record]:
        """The records of an owner."""
        keys = await self._client().zrangebyscore(_OWNER + owner, f"({int(time.time())}", "+inf")
        found = [await self.find(key.decode()) for key in keys]
        return sorted((one for one in found if one and one.owner == owner), key=lambda one: one.seen_at, reverse=True)

    async def delete_of(self, owner: str, keep: str = "") -> int:
        """Delete the records of an owner."""
        gone = 0
        for record in await self.find_of(owner):
            if record.key != keep:
                gone += await self.delete(record.key)
        return gone

    def _client(self) -> Any:
        return self._address.client()


def _named(parts: dict[str, str]) -> dict[str, str]:
    """Parts under names that can't be ours."""
    return {f":{name}": text for name, text in parts.items()}


def _record_of(key: str, found: dict[bytes, bytes]) -> Record | None:
    fields = {name.decode(): value.decode() for name, value in found.items()}
    if not all(name in fields for name in _OWN_FIELDS):
        return None
    parts = {name[1:]: text for name, text in fields.items() if name[0] == ":"}
    created_at, seen_at, expires_at = (int(fields[name]) for name in _OWN_FIELDS[1:])
    return Record(key, fields["owner"], created_at, seen_at, expires_at, parts)
