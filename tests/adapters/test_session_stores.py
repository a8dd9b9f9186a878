"""The session stores on a server, each through the suite."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from spica.db.engine import Database, use
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
    async def records(self, tmp_path: Path) -> AsyncIterator[DatabaseRecords]:
        database = Database(f"sqlite://{tmp_path}/sessions.db")
        previous = use(database)
        try:
            yield DatabaseRecords()
        finally:
            use(previous)
            await database.close()

    async def test_what_has_expired_is_deleted_by_and_by(self, tmp_path: Path) -> None:
        database = Database(f"sqlite://{tmp_path}/sweep.db")
        records = DatabaseRecords(database)
        await records.create(record("first"))
        now = int(time.time())
        await records.create(Record("old", "", now - 99, now - 99, now - 1, {}))
        await DatabaseRecords(database).create(record("later"))
        rows = await database.query(f"select key from {TABLE} order by key")
        await database.close()
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


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of these tests' own, on a port that the kernel gave."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Ready to accept connections" in line:
                break
        else:
            pytest.fail("redis-server did not start")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
