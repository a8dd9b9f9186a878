"""Counting SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from spica.db import engine
from spica.db.engine import Database
from spica.testing import assert_queries
from spica.testing.queries import count_queries, uncounted


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    database = Database("sqlite://:memory:")
    await database.execute("create table notes (id integer primary key, text text)")
    previous = engine.use(database)
    yield database
    engine.use(previous)
    await database.close()


async def test_every_way_to_run_a_statement_counts_once(database: Database) -> None:
    with assert_queries(6) as queries:
        await database.execute("insert into notes (text) values (:t)", t="a")
        await database.query("select * from notes")
        await database.read("select id from notes", ())
        async for _ in database.stream("select text from notes", ()):
            pass
        async with database.transaction():
            await database.execute("insert into notes (text) values ('b')")
            async with database.transaction():
                await database.query("select count(*) from notes")
    assert queries[0].startswith("insert into notes")
    before = list(queries)
    await database.query("select 1")
    assert queries == before


async def test_a_failure_lists_the_statements(database: Database) -> None:
    async def use() -> None:
        with assert_queries(1):
            await database.query("select *\n  from notes")
            await database.query("select *\n  from notes")

    with pytest.raises(AssertionError) as failed:
        await use()
    assert str(failed.value) == (
        "expected 1 queries, got 2\n  1. select * from notes  (one of 2)\n  2. select * from notes  (one of 2)"
    )
    with pytest.raises(AssertionError, match="at most 0 queries, got 1"), assert_queries(max=0):
        await database.query("select 1")
    with assert_queries(max=3):
        await database.query("select 1")
    with pytest.raises(AssertionError, match="expected 1 queries, got 0"), assert_queries(1):
        pass


async def test_blocks_nest_and_what_a_block_raises_is_kept(database: Database) -> None:
    with count_queries() as outer:
        with assert_queries(1):
            await database.query("select 1")
        with uncounted():
            await database.query("select 2")
        with pytest.raises(KeyError), assert_queries(5):
            raise KeyError
        await database.query("select 3")
    assert outer == ["select 1", "select 3"]
    assert Database.query.__module__ == "spica.db.engine"


@pytest.mark.parametrize("arguments", [{}, {"exactly": 1, "max": 2}])
def test_one_number_is_needed(arguments: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="takes a number, or max="), assert_queries(**arguments):
        pass
