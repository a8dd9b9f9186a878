"""The stores of idempotency keys, each through the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica.db.engine import Database
from spica.middleware.idempotency_stores.database import DatabaseKeys
from spica.middleware.idempotency_stores.memory import MemoryKeys
from spica.middleware.idempotency_stores.redis import RedisKeys
from tests.adapters.idempotency_suite import IdempotencySuite


class TestMemory(IdempotencySuite):
    """In this process."""

    @pytest.fixture
    def keys(self) -> MemoryKeys:
        return MemoryKeys()

    async def test_the_octets_that_are_kept_are_bounded(self) -> None:
        keys = MemoryKeys(max_bytes=100_000)
        for number in range(10):
            await keys.begin(str(number), "f", "me", 60)
            await keys.finish(str(number), "me", b"x" * 30_000, 60)
        kept = [await keys.begin(str(number), "f", "you", 60) for number in range(10)]
        assert [entry is not None for entry in kept] == [False] * 7 + [True] * 3
        assert sum(len(entry.response or b"") for entry in kept if entry) == 90_000

    async def test_small_ones_are_bounded_as_well(self) -> None:
        keys = MemoryKeys(max_bytes=100_000)
        for number in range(1_000):
            await keys.begin(str(number), "f", "me", 60)
            await keys.finish(str(number), "me", b"", 60)
        assert await keys.begin("0", "f", "you", 60) is None
        assert await keys.begin("999", "f", "you", 60) is not None

    async def test_what_is_being_handled_is_not_forgotten_for_what_is_kept(self) -> None:
        keys = MemoryKeys(max_bytes=50_000)
        await keys.begin("running", "f", "me", 60)
        for number in range(10):
            await keys.begin(str(number), "f", "me", 60)
            await keys.finish(str(number), "me", b"x" * 30_000, 60)
        assert await keys.begin("running", "f", "you", 60) == ("f", None)

    async def test_what_is_over_is_forgotten(self) -> None:
        keys = MemoryKeys()
        await keys.begin("k", "f", "me", 60)
        await keys.finish("k", "me", b"x", -1)
        await keys.begin("other", "f", "me", 60)
        await keys.finish("other", "me", b"y", 60)
        assert list(keys._kept) == ["other"]
        assert await keys.begin("k", "g", "you", 60) is None


class TestDatabase(IdempotencySuite):
    """In each database."""

    @pytest.fixture
    def keys(self, database: Database) -> DatabaseKeys:
        return DatabaseKeys()

    async def test_a_key_that_is_over_is_taken_again(self, keys: DatabaseKeys) -> None:
        assert await keys.begin("k", "f", "a", -1) is None
        assert await keys.begin("k", "g", "b", 60) is None
        assert await keys.begin("k", "h", "c", 60) == ("g", None)


class TestRedis(IdempotencySuite):
    """In a real Redis on loopback."""

    @pytest.fixture
    async def keys(self, redis_url: str) -> AsyncIterator[RedisKeys]:
        keys = RedisKeys(redis_url)
        client: Any = keys._address.client()
        await client.flushall()
        yield keys
        await client.aclose()
