"""spica.orm.keys: what names a row: UUIDs, own names, natural keys, several fields."""

from __future__ import annotations

import time
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pytest

from spica.db import Database, Rollback
from spica.orm import Model, ModelDefinitionError, RecordNotFound, field, transaction
from spica.orm.keys import uuid7


class Ticket(Model):
    title: str = ""
    id: UUID


class Country(Model):
    name: str = field(default="", unique=True)
    code: str = field(primary_key=True, max=2)


class Invoice(Model):
    number: int = field(primary_key=True)
    total: int = 0


class Seat(Model):
    row: int = field(primary_key=True)
    letter: str = field(primary_key=True)
    taken: bool = False


@pytest.fixture(autouse=True)
async def tables(db: Database) -> None:
    await db.execute("create table tickets (id char(36) primary key, title varchar)")
    await db.execute("create table countries (code varchar primary key, name varchar unique)")
    await db.execute("create table invoices (number integer primary key, total integer)")
    await db.execute("create table seats (row integer, letter varchar, taken boolean, primary key (row, letter))")


def test_uuids_of_version_7_sort_by_time() -> None:
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(100)]
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert len(set(made)) == 100
    assert [one.int >> 64 for one in made] == sorted(one.int >> 64 for one in made)
    assert before <= made[0].int >> 80 <= time.time_ns() // 1_000_000


async def test_a_uuid_is_made_when_the_record_is_saved() -> None:
    ticket = Ticket(title="a")
    assert ticket.id is None
    assert await ticket.save()
    assert (type(ticket.id), ticket.id.version) == (UUID, 7)
    assert ticket.to_param() == str(ticket.id)
    assert await Ticket.find(ticket.id) == await Ticket.find(str(ticket.id)) == ticket
    assert await ticket.update(title="b")
    assert (await ticket.reload()).title == "b"
    own = uuid4()
    assert (await Ticket.create(id=own)).id == own
    assert [one.id for one in await Ticket.order("id")] == sorted([own, ticket.id], key=str)
    await ticket.destroy()
    assert await Ticket.all().pluck("id") == [own]


async def test_an_undone_insert_takes_its_uuid_back() -> None:
    ticket = Ticket(title="a")
    async with transaction():
        await ticket.save()
        raise Rollback
    assert (ticket.id, ticket.new_record) == (None, True)


async def test_an_integer_of_another_name_comes_from_the_database() -> None:
    invoice = await Invoice.create(total=5)
    assert invoice.number == 1
    assert (await Invoice.find("1")).total == 5
    assert not hasattr(invoice, "id")
    assert list(Invoice.__schema__.by_name) == ["number", "total"]
    with pytest.raises(RecordNotFound):
        await Invoice.find(True)


async def test_a_natural_key_is_the_programs() -> None:
    country = Country(name="Austria")
    assert not await country.save()
    assert country.errors.on("code") == ["can't be blank"]
    assert await country.update(code="at")
    assert list(Country.__schema__.by_name) == ["code", "name"]
    assert await Country.find("at") == country
    assert (await Country.all().find("at")).name == "Austria"
    assert country.to_param() == "at"
    assert await Country.first() == await Country.last() == country
    assert await Country.limit(5).count() == 1
    with pytest.raises(RecordNotFound, match="no Country with id 'de'"):
        await Country.find("de")
    same = Country(code="at", name="Other")
    assert not await same.save()
    assert same.errors.on("code") == ["has already been taken"]


async def test_a_natural_key_may_change() -> None:
    country = await Country.create(code="at", name="Austria")
    assert await country.update(code="au")
    assert await Country.all().pluck("code", "name") == [("au", "Austria")]
    assert await country.update(name="Austria!")
    await country.destroy()
    assert await Country.count() == 0


async def test_unique_leaves_out_the_record_itself() -> None:
    await Country.create(code="at", name="Austria")
    country = await Country.create(code="de", name="Germany")
    assert await country.save()
    assert not await country.update(name="Austria")
    assert country.errors.on("name") == ["has already been taken"]


async def test_several_fields_are_one_key() -> None:
    seat = await Seat.create(row=1, letter="A")
    await Seat.create(row=1, letter="B")
    await Seat.create(row=2, letter="A")
    assert await Seat.find((1, "A")) == await Seat.find("1,A") == await Seat.all().find(["1", "A"]) == seat
    assert seat.to_param() == "1,A"
    assert await seat.update(taken=True)
    assert await Seat.where(taken=True).pluck("row", "letter") == [(1, "A")]
    assert (await seat.reload()).taken
    await seat.destroy()
    assert await Seat.order("row", "letter").pluck("row", "letter") == [(1, "B"), (2, "A")]
    assert await Seat.limit(9).count() == 2
    batches = [[(one.row, one.letter) for one in batch] async for batch in Seat.in_batches(1)]
    assert batches == [[(1, "B")], [(2, "A")]]
    assert await Seat.all().ids() == [(1, "B"), (2, "A")]
    assert (await Seat.last()) == Seat(row=2, letter="A")
    for wrong in (1, "1", (1,), (1, "A", 2), ("x", "A"), (None, "A"), None):
        with pytest.raises(RecordNotFound):
            await Seat.find(wrong)
    assert not await Seat(row=3).save()
    assert len({Seat(row=3), Seat(row=3), Seat(row=1, letter="B")}) == 3


class Size(Enum):
    SMALL = "s"


async def test_an_enum_may_be_a_key(db: Database) -> None:
    class Shelf(Model):
        size: Size = field(primary_key=True)

    await db.execute("create table shelves (size varchar primary key)")
    shelf = await Shelf.create(size="s")
    assert shelf.to_param() == "s"
    assert await Shelf.find(Size.SMALL) == await Shelf.find("s") == shelf


def test_a_base_may_say_the_key() -> None:
    class Base(Model, abstract=True):
        title: str = ""
        id: UUID

    class Page(Base):
        body: str

    assert list(Page.__schema__.by_name) == ["id", "title", "body"]
    assert Page.__schema__.key.made_by == "uuid"


@pytest.mark.parametrize(
    ("kind", "says"), [(float, "is an int, str"), (list[int], "is an int, str"), (int | None, "can't be None")]
)
def test_a_key_that_can_not_work_is_refused(kind: Any, says: str) -> None:
    with pytest.raises(ModelDefinitionError, match=says):
        type(Model)(
            "Thing",
            (Model,),
            {"__annotations__": {"key": kind}, "__module__": __name__, "key": field(primary_key=True)},
        )
