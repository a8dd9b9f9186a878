"""The stores of rate limits: the same arithmetic wherever the buckets are."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica.middleware.rate import Taken, parse_rate
from spica.middleware.rate_limit_stores.redis import RedisStore
from spica.middleware.rate_limit_stores.shared import SharedStore


class RateLimitStoreSuite:
    """Subclasses give the fixture `store`, an empty one."""

    async def take(self, store: Any, key: bytes, rate: str, cost: int = 1) -> Taken:
        taken = store.take(key, parse_rate(rate), cost)
        found: Taken = await taken if inspect.isawaitable(taken) else taken
        return found

    async def test_a_bucket_is_emptied_and_no_further(self, store: Any) -> None:
        taken = [await self.take(store, b"k", "3/hour") for _ in range(5)]
        assert [one.is_allowed for one in taken] == [True, True, True, False, False]
        assert [one.remaining for one in taken] == [2, 1, 0, 0, 0]
        assert taken[0].full_in_s in (1199, 1200)
        assert 1195 <= taken[4].retry_in_s <= 1200

    async def test_keys_are_apart(self, store: Any) -> None:
        assert all([(await self.take(store, bytes([key]), "1/hour")).is_allowed for key in range(20)])

    async def test_all_or_nothing_and_looking_costs_nothing(self, store: Any) -> None:
        assert (await self.take(store, b"k", "10/hour", 6)).remaining == 4
        assert not (await self.take(store, b"k", "10/hour", 5)).is_allowed
        assert (await self.take(store, b"k", "10/hour", 0)).remaining == 4
        assert (await self.take(store, b"k", "10/hour", 4)).is_allowed

    async def test_many_at_once_get_what_there_is(self, store: Any) -> None:
        taken = await asyncio.gather(*(self.take(store, b"k", "15/day") for _ in range(50)))
        assert sum(one.is_allowed for one in taken) == 15


class TestShared(RateLimitStoreSuite):
    """In memory that workers share."""

    @pytest.fixture
    def store(self) -> SharedStore:
        return SharedStore()


class TestRedis(RateLimitStoreSuite):
    """In a real Redis on loopback."""

    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[RedisStore]:
        store = RedisStore(redis_url)
        client: Any = store._address.client()
        await client.flushall()
        yield store
        await client.aclose()

    async def test_a_bucket_is_dropped_when_it_is_full_again(self, store: RedisStore) -> None:
        await self.take(store, b"k", "1/minute")
        client: Any = store._address.client()
        [key] = await client.keys("*")
        assert 58_000 < await client.pttl(key) <= 60_100
        assert b"k" not in key.removeprefix(b"spica:rate:") or len(key) == len(b"spica:rate:") + 64
