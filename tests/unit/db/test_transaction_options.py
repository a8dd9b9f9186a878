"""Isolation, read-only transactions, and the whole done again after a conflict."""

from __future__ import annotations

import pytest

from spica import db
from spica.db import Database, ReadOnlyDatabase, TransactionConflict, transaction
from spica.db.errors import TransactionOptionError
from spica.db.transaction import active_transaction
from tests.unit.db.conftest import texts


async def test_a_read_only_one_reads_and_refuses_to_write(database: Database) -> None:
    await database.execute("insert into notes (text) values ('a')")
    async with transaction(read_only=True):
        assert await texts(database) == ["a"]
        with pytest.raises(ReadOnlyDatabase, match="only reads"):
            await database.execute("insert into notes (text) values ('b')")
        async with transaction():
            with pytest.raises(ReadOnlyDatabase, match="only reads"):
                await database.execute("delete from notes")
    await database.execute("insert into notes (text) values ('c')")
    assert await texts(database) == ["a", "c"]


async def test_after_a_read_only_one_that_failed_others_write(database: Database) -> None:
    with pytest.raises(ReadOnlyDatabase):
        async with transaction(read_only=True):
            await database.execute("delete from notes")
    async with transaction():
        await database.execute("insert into notes (text) values ('a')")
    assert await texts(database) == ["a"]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_every_isolation_of_the_standard_is_kept(database: Database, isolation: db.Isolation) -> None:
    async with transaction(isolation=isolation):
        await database.execute("insert into notes (text) values ('a')")
    assert await texts(database) == ["a"]


async def test_an_unknown_isolation_is_refused_at_once(database: Database) -> None:
    with pytest.raises(TransactionOptionError, match="'snapshot'"):
        transaction(isolation="snapshot")  # type: ignore[arg-type]  # what is tested


async def test_a_nested_one_can_not_have_options(database: Database) -> None:
    async with transaction():
        with pytest.raises(TransactionOptionError, match="inside of another"):
            async with transaction(read_only=True):
                pass
        await database.execute("insert into notes (text) values ('a')")
    assert await texts(database) == ["a"]


class Contested:
    """Work that conflicts a number of times before it succeeds."""

    def __init__(self, database: Database, conflicts: int) -> None:
        self.database = database
        self.conflicts = conflicts
        self.attempts = 0

    async def work(self) -> str:
        """Insert a note, and fail as a serialization failure does while there are conflicts left."""
        self.attempts += 1
        await self.database.execute("insert into notes (text) values ('a')")
        if self.attempts <= self.conflicts:
            raise TransactionConflict("could not serialize access")
        return "done"


async def test_the_whole_is_done_again_after_a_conflict(database: Database) -> None:
    contested = Contested(database, conflicts=2)
    assert await db.run_transaction(contested.work, retry=2) == "done"
    assert contested.attempts == 3
    assert await texts(database) == ["a"]
    assert active_transaction(database) is None


async def test_the_last_conflict_is_raised(database: Database) -> None:
    contested = Contested(database, conflicts=2)
    with pytest.raises(TransactionConflict):
        await db.run_transaction(contested.work, retry=1)
    assert contested.attempts == 2
    assert await texts(database) == []


async def test_inside_of_another_it_is_a_savepoint_and_runs_once(database: Database) -> None:
    contested = Contested(database, conflicts=1)
    async with transaction():
        await database.execute("insert into notes (text) values ('outer')")
        with pytest.raises(TransactionConflict):
            await db.run_transaction(contested.work, retry=5)
    assert contested.attempts == 1
    assert await texts(database) == ["outer"]


async def test_other_errors_are_not_retried(database: Database) -> None:
    attempts = []

    async def work() -> None:
        attempts.append(1)
        raise KeyError

    with pytest.raises(KeyError):
        await db.run_transaction(work, retry=3)
    assert len(attempts) == 1
