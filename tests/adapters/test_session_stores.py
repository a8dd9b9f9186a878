"""The session stores on a server, each through the suite."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spica.db.engine import Database
from spica.middleware.session_store import Record
from spica.middleware.session_stores.database import TABLE, DatabaseRecords
from spica.middleware.session_stores.memory import MemoryRecords
from spica.middleware.session_stores.redis import RedisRecords
from tests.adapters.session_store_suite import SessionStoreSuite, record


class TestMemory(SessionStoreSuite):
    """In this process."""

    @pytest.fixture
    def records(self) -> MemoryRecords:
        return MemoryRecords()

    async def test_the_number_of_sessions_is_bounded(self) -> None:
        records = MemoryRecords(limit=3)
        for number in range(10):
            await records.create(record(str(number)))
        assert [bool(await records.find(str(number))) for number in range(10)] == [False] * 7 + [True] * 3


class TestDatabase(SessionStoreSuite):
    """In SQLite."""

    @pytest.fixture
    def records(self, database: Database) -> DatabaseRecords:
        return DatabaseRecords()

    async def test_what_has_expired_is_deleted_by_and_by(self, database: Database) -> None:
        records = DatabaseRecords(database)
        await records.create(record("first"))
        now = int(time.time())
        await records.create(Record("old", "", now - 99, now - 99, now - 1, {}))
        await DatabaseRecords(database).create(record("later"))
        rows = await database.query(f"select key from {TABLE} order by key")
        assert [row["key"] for row in rows] == ["first", "later"]


class TestRedis(SessionStoreSuite):
    """In a real Redis on loopback."""

    @pytest.fixture
    async def records(self, redis_url: str) -> AsyncIterator[RedisRecords]:
        records = RedisRecords(redis_url)
        client: Any = records._client()
        await client.flushall()
        yield records
        await client.aclose()

    async def test_what_is_stored_expires_by_itself(self, records: RedisRecords) -> None:
        await records.create(record("k", "7", lives_s=100))
        client: Any = records._client()
        assert 0 < await client.ttl("spica:session:k") <= 100
        assert 0 < await client.ttl("spica:sessions:7") <= 100
