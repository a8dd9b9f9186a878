"""Buckets in a Redis, for a limit that holds over several machines.

Rules: one round trip a request, and the arithmetic runs there, by the Redis' own clock; a bucket that is full again is
dropped by its expiry. A key is hashed before it leaves, for it may be a token.
"""

from __future__ import annotations

import math
from hashlib import sha256
from typing import Any

from spica.middleware.rate import Rate, Taken
from spica.middleware.redis_client import RedisAddress

_PREFIX = b"spica:rate:"
# Seconds as a double carry a microsecond until the year 2255, which is exact enough for the arithmetic of `rate.take`.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local interval, capacity, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local standing = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now), now + capacity)
local wanted = standing + cost * interval
local over = wanted - now - capacity
if over > 0.000001 then
  return {0, tostring(standing - now), tostring(over)}
end
if cost > 0 then
  redis.call('SET', KEYS[1], string.format('%.6f', wanted), 'PX', math.ceil((wanted - now) * 1000) + 1)
end
return {1, tostring(wanted - now), '0'}
"""


class RedisStore:
    """Buckets in a Redis. Args: url: as `RedisAddress` takes it."""

    waits = True

    def __init__(self, url: str) -> None:
        self._address = RedisAddress(url)

    def open(self) -> None:
        """Nothing to do: the connection is made by the first request."""

    async def take(self, key: bytes, rate: Rate, cost: int) -> Taken:
        """Take tokens from the bucket of a key. Raises what the redis package does when there is no answer."""
        client: Any = self._address.client()
        interval = rate.period_s / rate.requests
        name = _PREFIX + sha256(key).hexdigest().encode()
        allowed, used, over = await client.eval(_SCRIPT, 1, name, interval, rate.burst * interval, cost)
        used_s = float(used)
        remaining = math.floor(rate.burst - used_s / interval + 1e-6)
        return Taken(bool(allowed), max(0, remaining), math.ceil(used_s), math.ceil(float(over)))
