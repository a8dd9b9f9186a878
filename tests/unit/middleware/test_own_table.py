"""spica.middleware.own_table: tables that middleware makes for itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica.db.engine import Database
from spica.middleware.own_table import OwnTable

SCHEMA = ("create table if not exists things (name text not null, expires_at integer not null)",)
SWEEP = "delete from things where expires_at <= ?"
ADD = "insert into things (name, expires_at) values (?, ?)"
NAMES = "select name from things"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite://{tmp_path}/own.db")
    try:
        yield made
    finally:
        await made.close()


async def test_it_is_made_once_when_first_opened(database: Database) -> None:
    table = OwnTable(database, SCHEMA, SWEEP)
    await (await table.open()).write(ADD, ("one", 0))
    assert [row[0] for row in await (await table.open()).read(NAMES, ())] == ["one"]
    await database.write("drop table things", ())
    assert await table.open() is database  # not asked again: a statement a request would be one too many
    assert not await database.query("select name from sqlite_master where name = 'things'")


async def test_what_a_transaction_takes_back_is_made_again(database: Database) -> None:
    table = OwnTable(database, SCHEMA, SWEEP)

    async def fail() -> None:
        async with database.transaction():
            await table.open()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await (await table.open()).write(ADD, ("one", 0))
    assert [row[0] for row in await database.read(NAMES, ())] == ["one"]


async def test_what_is_over_goes_when_something_is_added_and_not_with_each(database: Database) -> None:
    table = OwnTable(database, SCHEMA, SWEEP)
    await (await table.open()).write(ADD, ("over", 1))
    await (await table.open()).write(ADD, ("good", 2**40))
    await table.open_to_add()
    assert [row[0] for row in await database.read(NAMES, ())] == ["good"]
    await database.write(ADD, ("over", 1))
    await table.open_to_add()
    assert len(await database.read(NAMES, ())) == 2
