"""Transactions, on every database: what stays, what goes, and what a cancellation leaves behind."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from spica import db
from spica.db.driver import Isolation
from spica.db.engine import Database
from spica.db.errors import ReadOnlyDatabase
from tests.adapters.data.databases import Author, Book

pytestmark = pytest.mark.usefixtures("tables")


async def names() -> list[str]:
    return [author.name for author in await Author.order("id")]


async def test_a_block_commits() -> None:
    async with db.transaction():
        await Author.create(name="Ann")
        assert await names() == ["Ann"]
    assert await names() == ["Ann"]


async def test_an_exception_undoes_the_block() -> None:
    async def work() -> None:
        async with db.transaction():
            await Author.create(name="Ann")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await names() == []


async def test_rollback_undoes_and_goes_on() -> None:
    async with db.transaction():
        await Author.create(name="Ann")
        raise db.Rollback
    assert await names() == []


async def test_a_nested_block_is_a_savepoint() -> None:
    async with db.transaction():
        await Author.create(name="Ann")
        with contextlib.suppress(ZeroDivisionError):
            async with db.transaction():
                await Author.create(name="Bob")
                async with db.transaction():
                    await Author.create(name="Cid")
                raise ZeroDivisionError
        async with db.transaction():
            await Author.create(name="Dee")
    assert await names() == ["Ann", "Dee"]


async def test_a_failed_statement_in_a_nested_block_undoes_only_that() -> None:
    async with db.transaction():
        await Author.create(name="Ann", email="a")
        with contextlib.suppress(db.ConstraintViolation):
            async with db.transaction():
                await Author.create(name="Bob", email="b")
                await db.execute("insert into authors (name, email) values ('Cid', 'a')")
        await Author.create(name="Dee")
    assert await names() == ["Ann", "Dee"]


async def test_others_do_not_see_what_is_not_committed(tables: Database) -> None:
    seen = asyncio.Event()
    looked = asyncio.Event()

    async def write() -> None:
        async with db.transaction():
            await Author.create(name="Ann")
            seen.set()
            await looked.wait()

    task = asyncio.create_task(write())
    await seen.wait()
    assert await names() == []
    looked.set()
    await task
    assert await names() == ["Ann"]


async def test_a_transaction_that_only_reads() -> None:
    async def work() -> None:
        async with db.transaction(read_only=True):
            assert await names() == ["Ann"]
            await Author.create(name="Bob")

    await Author.create(name="Ann")
    with pytest.raises(ReadOnlyDatabase):
        await work()
    assert await names() == ["Ann"]
    await Author.create(name="Cid")
    assert await names() == ["Ann", "Cid"]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_isolation(isolation: Isolation) -> None:
    async with db.transaction(isolation=isolation):
        await Author.create(name="Ann")
    assert await names() == ["Ann"]


@pytest.mark.parametrize("turns", range(12))
async def test_cancelled_after_any_number_of_turns_it_leaves_nothing_behind(turns: int) -> None:
    async def work() -> None:
        async with db.transaction():
            await Author.create(name="Ann")
            async with db.transaction():
                await Book.create(title="Emma", pages=1)
            await Author.create(name="Bob")

    for _ in range(12):  # more often than there are connections
        task = asyncio.create_task(work())
        for _ in range(turns * 3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    count = await Author.count()
    assert count % 2 == 0  # both or none
    assert await Book.count() == count // 2
    async with asyncio.timeout(20):
        await asyncio.gather(*(Author.create(name="after") for _ in range(20)))
    assert await Author.where(name="after").count() == 20


async def test_a_cancelled_read_leaves_its_connection_usable() -> None:
    for turns in range(30):
        task = asyncio.create_task(db.query("select count(*) as n from authors"))
        for _ in range(turns % 10):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert await db.query("select count(*) as n from authors") == [{"n": 0}]
