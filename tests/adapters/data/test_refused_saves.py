"""Saves that the database refuses inside of a transaction: what can be done after them."""

from __future__ import annotations

import pytest

from spica import db
from spica.db.engine import Database
from spica.db.errors import TransactionOver
from spica.orm import InvalidChangeset, Model, Text, before_save, field, repo
from tests.adapters.data.databases import WORDS, Author

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
async def taken(tables: Database) -> None:
    await Author.create(name="Ann", email="a")


async def names() -> list[str]:
    return [author.name for author in await Author.order("id")]


async def refused() -> None:
    author = Author(name="Bob", email="a")
    assert not await author.save()
    assert author.errors.on("email") == ["has already been taken"]


async def test_in_a_block_of_its_own_it_undoes_nothing_else() -> None:
    async with db.transaction():
        await Author.create(name="Cid")
        async with db.transaction():
            await refused()
            raise db.Rollback
        await Author.create(name="Dee")
    assert await names() == ["Ann", "Cid", "Dee"]


async def test_without_one_the_others_go_on_and_postgresql_says_what_failed(tables: Database) -> None:
    async def work() -> None:
        async with db.transaction():
            await Author.create(name="Cid")
            await refused()
            await Author.create(name="Dee")

    if tables.dialect != "postgresql":
        await work()
        assert await names() == ["Ann", "Cid", "Dee"]
        return
    with pytest.raises(TransactionOver, match="can only be rolled back") as caught:
        await work()
    assert "INSERT INTO authors" in caught.value.why
    assert "emails" in caught.value.why
    assert "transaction()" in caught.value.fix
    assert await names() == ["Ann"]


async def test_what_nobody_uses_afterwards_is_told_at_the_end(tables: Database) -> None:
    async def work() -> None:
        async with db.transaction():
            await Author.create(name="Cid")
            await refused()

    if tables.dialect != "postgresql":
        await work()
        assert await names() == ["Ann", "Cid"]
        return
    with pytest.raises(TransactionOver, match="was not committed") as caught:
        await work()
    assert "emails" in caught.value.why
    assert await names() == ["Ann"]


async def test_after_a_savepoint_an_earlier_failure_is_forgotten(tables: Database) -> None:
    async def work() -> None:
        async with db.transaction():
            async with db.transaction():
                await refused()
                raise db.Rollback
            with pytest.raises(db.DatabaseError):
                await db.query("selec 2")
            await Author.create(name="Dee")

    if tables.dialect == "postgresql":
        with pytest.raises(TransactionOver) as caught:
            await work()
        assert "selec 2" in caught.value.why
        assert "emails" not in caught.value.why
    else:
        await work()


async def test_a_model_with_callbacks_and_a_changeset_have_their_own() -> None:
    class Writer(Model, table="authors"):
        name: str
        email: str | None = None

        @before_save
        def trim(self) -> None:
            self.name = self.name.strip()

    async with db.transaction():
        writer = Writer(name=" Bob", email="a")
        assert not await writer.save()
        changeset = Author.changeset({"name": "Eve", "email": "a"}).cast("name", "email").unique_constraint("email")
        with pytest.raises(InvalidChangeset):
            await repo.insert(changeset)
        await Author.create(name="Dee")
    assert await names() == ["Ann", "Dee"]


class Parcel(Model):
    """Says less than its columns do: no max=, and numbers of 32 bits."""

    title: str
    note: Text | None = None
    pieces: int = 0
    weight: int = field(default=0, column="grams")


@pytest.fixture
async def parcels(tables: Database) -> Database:
    words = WORDS[tables.dialect]
    await tables.execute(
        "create table parcels (id {id}, title varchar(5) not null, note {text}, pieces bigint not null,"
        " grams integer not null)".format_map(words)
    )
    return tables


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("pieces", 2**63, "too_large"),
        ("pieces", -(2**63) - 1, "too_small"),
        ("weight", 2**31, "too_large"),
        ("weight", -(2**31) - 1, "too_small"),
        ("title", "longer than five", "too_long"),
    ],
)
async def test_what_a_column_is_too_small_for_is_a_message(
    parcels: Database, name: str, value: object, code: str
) -> None:
    made = await Parcel.create(title="x", note="y" * 300)
    if parcels.dialect == "sqlite" and name != "pieces":
        assert await made.update(**{name: value})  # its columns take any length, and 64 bits
        return
    for record in (made, Parcel(title="x")):
        assert not await record.update(**{name: value})
        assert [detail.code for detail in record.errors.details(name)] == [code]
        assert len(record.errors.full_messages) == 1
    assert (await made.reload()).title == "x"
