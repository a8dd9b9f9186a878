"""The writer thread: order, group commit, failures that take nothing with them, a full disk."""

# ruff: noqa: PT012, ASYNC240  # transactions of several statements must fail; a file's size is looked at
from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from spica.db import ConstraintViolation, Database, DatabaseBusy, DiskFull
from spica.db.errors import TransactionOver
from tests.unit.db.conftest import texts


async def insert(database: Database, text: str) -> int:
    return await database.execute("insert into notes (text) values (:text)", text=text)


async def test_writes_happen_in_the_order_they_came(database: Database) -> None:
    await asyncio.gather(*(insert(database, str(number)) for number in range(200)))
    assert await texts(database) == [str(number) for number in range(200)]


async def test_writes_that_wait_together_share_a_commit(file_database: Database) -> None:
    wal = Path(file_database.driver.url.path + "-wal")  # type: ignore[attr-defined]
    before = wal.stat().st_size
    async with file_database.transaction():
        waiting = [asyncio.create_task(_outside(file_database, str(number))) for number in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    # One commit writes each changed page once: two or three frames of 4 KiB, where fifty commits write fifty of each.
    assert wal.stat().st_size - before < 10 * 4_120
    assert len(await texts(file_database)) == 50


async def _outside(database: Database, text: str) -> int:
    return (await database.driver.write("insert into notes (text) values (?)", (text,))).rows


async def test_one_that_fails_takes_nothing_with_it(database: Database) -> None:
    results = await asyncio.gather(*(insert(database, text) for text in "abacad"), return_exceptions=True)
    assert [type(result) for result in results] == [int, int, ConstraintViolation, int, ConstraintViolation, int]
    assert await texts(database) == ["a", "b", "c", "d"]


async def test_a_write_cancelled_before_its_turn_does_not_happen(database: Database) -> None:
    async with database.transaction():
        waiting = asyncio.create_task(_outside(database, "late"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await insert(database, "after")
    assert await texts(database) == ["after"]


async def test_statements_that_need_a_commit_of_their_own_get_it(file_database: Database) -> None:
    results = await asyncio.gather(
        insert(file_database, "a"), file_database.execute("vacuum"), insert(file_database, "b"), return_exceptions=True
    )
    assert not [result for result in results if isinstance(result, BaseException)]
    assert await texts(file_database) == ["a", "b"]


async def test_a_lock_of_another_process_is_waited_for_and_then_named(tmp_path: Path) -> None:
    database = Database(f"sqlite://{tmp_path}/notes.db?busy_timeout_ms=50")
    await database.execute("create table notes (id integer primary key, text varchar)")
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(DatabaseBusy, match="is locked"):
        await insert(database, "a")
    with pytest.raises(DatabaseBusy, match="is locked"):
        async with database.transaction():
            pass
    assert await texts(database) == []  # reading goes on
    other.execute("commit")
    await insert(database, "b")
    assert await texts(database) == ["b"]
    other.close()
    await database.close()


async def test_a_full_disk_refuses_the_write_and_keeps_what_was_there(file_database: Database) -> None:
    await insert(file_database, "kept")
    [(pages,)] = await file_database.driver.read("pragma page_count", ())
    await file_database.execute(f"pragma max_page_count = {pages}")  # SQLite's own way to have a disk of that size
    with pytest.raises(DiskFull, match="is full"):
        await insert(file_database, "x" * 100_000)
    results = await asyncio.gather(
        insert(file_database, "small"), insert(file_database, "y" * 100_000), return_exceptions=True
    )
    assert results[0] == 1
    assert isinstance(results[1], DiskFull)
    assert await texts(file_database) == ["kept", "small"]


async def test_a_full_disk_inside_a_transaction_undoes_all_of_it(file_database: Database) -> None:
    await insert(file_database, "kept")
    [(pages,)] = await file_database.driver.read("pragma page_count", ())
    await file_database.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(DiskFull):
        async with file_database.transaction():
            await insert(file_database, "gone")
            await insert(file_database, "x" * 100_000)
    assert await texts(file_database) == ["kept"]


async def test_a_transaction_that_the_database_ended_can_not_go_on_silently(file_database: Database) -> None:
    await file_database.execute(
        "create trigger no_b before insert on notes when new.text = 'b' begin select raise(rollback, 'no'); end"
    )
    with pytest.raises(TransactionOver, match="rolled back by the database"):
        async with file_database.transaction():
            await insert(file_database, "a")
            with pytest.raises(ConstraintViolation):
                await insert(file_database, "b")
            await insert(file_database, "c")
    with pytest.raises(TransactionOver):
        async with file_database.transaction():
            with pytest.raises(ConstraintViolation):
                await insert(file_database, "b")
    assert await texts(file_database) == []
