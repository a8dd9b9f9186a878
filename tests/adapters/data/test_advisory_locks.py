"""Advisory locks, on every database: one at a time, freed whatever happens."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from spica import db
from spica.db.engine import Database
from spica.db.errors import LockTaken
from tests.adapters.data.databases import patient

pytestmark = pytest.mark.usefixtures("database")

HOLDER = """
import asyncio, sys
from spica import db

async def hold():
    async with db.Database(sys.argv[1]).advisory_lock("work"):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


async def test_one_at_a_time() -> None:
    inside = most = 0

    async def work() -> None:
        nonlocal inside, most
        async with db.advisory_lock("work"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(8)))
    assert (inside, most) == (0, 1)


async def test_other_names_are_other_locks() -> None:
    async with db.advisory_lock("a"), db.advisory_lock("b", wait_s=0), db.advisory_lock("ä" * 200, wait_s=0):
        pass


@pytest.mark.parametrize("wait_s", [0, 0.3])
async def test_one_that_is_taken(wait_s: float) -> None:
    async with db.advisory_lock("work"):
        begun = time.monotonic()
        with pytest.raises(LockTaken, match="'work'"):
            async with db.advisory_lock("work", wait_s=wait_s):
                pytest.fail("it was had twice")
        assert wait_s * 0.9 <= time.monotonic() - begun < wait_s + 10
    async with db.advisory_lock("work", wait_s=20):
        pass


async def test_a_block_that_fails_or_is_cancelled_frees_it() -> None:
    async def fail() -> None:
        async with db.advisory_lock("work"):
            raise ValueError("of the block")

    async def hold() -> None:
        async with db.advisory_lock("work"):
            await asyncio.sleep(60)

    for _ in range(12):  # more often than there are connections
        with pytest.raises(ValueError, match="of the block"):
            await fail()
    for turns in range(12):
        task = asyncio.create_task(hold())
        for _ in range(turns * 2):
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
    async with db.advisory_lock("work", wait_s=20):
        pass


async def test_one_who_waits_and_is_cancelled_does_not_have_it_afterwards() -> None:
    async def wait() -> None:
        async with db.advisory_lock("work", wait_s=None):
            pytest.fail("it was had twice")

    async with db.advisory_lock("work"):
        waiting = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0.1)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert all(task.cancelled() for task in waiting)
    async with db.advisory_lock("work", wait_s=20):
        pass


async def test_statements_and_transactions_inside_are_as_ever() -> None:
    async with db.advisory_lock("work"), db.transaction():
        assert await db.query("select 1 as n") == [{"n": 1}]


async def test_a_wait_longer_than_a_statement_may_take(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("its locks are files, not statements")
    database = Database(patient(f"{database_url}?statement_timeout_ms=1000"))
    try:
        async with db.advisory_lock("work"):
            with pytest.raises(LockTaken):
                async with database.advisory_lock("work", wait_s=2.5):
                    pytest.fail("it was had twice")
    finally:
        await database.close()


async def test_a_process_that_is_killed_frees_it(database_url: str) -> None:
    url = database_url if database_url.startswith("sqlite") else patient(database_url)
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, url, stdout=asyncio.subprocess.PIPE)
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        with pytest.raises(LockTaken):
            async with db.advisory_lock("work", wait_s=0.1):
                pytest.fail("it was had twice")
    finally:
        holder.kill()
        await holder.wait()
    async with db.advisory_lock("work", wait_s=20):
        pass
