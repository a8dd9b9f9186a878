"""The session stores on a server, each through the suite."""

from __future__ import annotations

import asyncio
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
    """In each database."""

    @pytest.fixture
    def records(self, database: Database) -> DatabaseRecords:
        return DatabaseRecords()

    async def test_what_has_expired_is_deleted_by_and_by(self, database: Database) -> None:
        records = DatabaseRecords(database)
        await records.create(record("first", "first"))
        now = int(time.time())
        await records.create(Record("old", "old", now - 99, now - 99, now - 1, {}))
        await DatabaseRecords(database).create(record("later", "later"))
        kept = [row["owner"] for row in await database.query(f"select owner from {TABLE} order by owner")]
        assert kept == ["first", "later"]

    async def test_a_transaction_around_it_stays_one(self, database: Database) -> None:
        """Where making a table commits, it is made by another connection."""
        await database.execute("create table notes (n integer)")
        records = DatabaseRecords(database)

        async def work() -> None:
            async with database.transaction():
                await database.execute("insert into notes values (1)")
                await records.create(record("inside"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await work()
        assert await database.query("select n from notes") == []
        assert await records.find("inside") is None
        await records.create(record("afterwards"))
        assert await records.find("afterwards") is not None

    async def test_several_processes_make_the_table_at_once(self, database: Database) -> None:
        others = [Database(database.url) for _ in range(6)]
        try:
            await asyncio.gather(*(DatabaseRecords(other).create(record(str(n))) for n, other in enumerate(others)))
            assert len(await database.query(f"select owner from {TABLE}")) == 6
        finally:
            for other in others:
                await other.close()


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
