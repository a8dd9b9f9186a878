"""spica.middleware.own_table: tables that middleware makes for itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica.db.engine import Database
from spica.db.errors import TableMissing
from spica.middleware.own_table import OwnTable

SWEEP = "delete from things where expires_at <= :now"
ADD = "insert into things ({key}, expires_at) values (:name, :expires_at)"
NAMES = "select {key} from things order by {key}"


def own_table(database: Database) -> OwnTable:
    columns = ("{key} {name} not null", "expires_at {integer} not null")
    return OwnTable(database, "things", columns, ("expires_at",), SWEEP)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite://{tmp_path}/own.db")
    try:
        yield made
    finally:
        await made.close()


async def names(table: OwnTable) -> list[str]:
    return [row[0] for row in await table.read(NAMES)]


async def test_it_is_made_once_when_first_used(database: Database) -> None:
    table = own_table(database)
    assert await table.write(ADD, name="one", expires_at=0) == 1
    assert await names(table) == ["one"]
    await database.write("drop table things", ())
    with pytest.raises(TableMissing):  # not asked again: a statement a request would be one too many
        await names(table)


async def test_what_a_transaction_takes_back_is_made_again(database: Database) -> None:
    table = own_table(database)

    async def fail() -> None:
        async with database.transaction():
            await table.write(ADD, name="undone", expires_at=0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await table.write(ADD, name="one", expires_at=0)
    assert await names(table) == ["one"]


async def test_what_is_over_goes_when_something_is_added_and_not_with_each(database: Database) -> None:
    table = own_table(database)
    await table.write(ADD, name="over", expires_at=1)
    await table.write(ADD, name="good", expires_at=2**40)
    await table.add(ADD, name="new", expires_at=2**40)
    assert await names(table) == ["good", "new"]
    await table.write(ADD, name="over", expires_at=1)
    await table.add(ADD, name="newer", expires_at=2**40)
    assert await names(table) == ["good", "new", "newer", "over"]
