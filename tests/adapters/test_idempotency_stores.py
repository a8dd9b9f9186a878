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

    async def test_the_number_of_keys_is_bounded(self) -> None:
        keys = MemoryKeys(limit=3)
        for number in range(10):
            await keys.begin(str(number), "f", 60)
        assert len(keys._entries) == 3


class TestDatabase(IdempotencySuite):
    """In SQLite."""

    @pytest.fixture
    def keys(self, database: Database) -> DatabaseKeys:
        return DatabaseKeys()

    async def test_a_key_that_is_over_is_taken_again(self, keys: DatabaseKeys) -> None:
        assert await keys.begin("k", "f", -1) is None
        assert await keys.begin("k", "g", 60) is None
        assert await keys.begin("k", "h", 60) == ("g", None)


class TestRedis(IdempotencySuite):
    """In a real Redis on loopback."""

    @pytest.fixture
    async def keys(self, redis_url: str) -> AsyncIterator[RedisKeys]:
        keys = RedisKeys(redis_url)
        client: Any = keys._address.client()
        await client.flushall()
        yield keys
        await client.aclose()
