"""What becomes of the records that belong to a destroyed one, on every database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spica import db
from spica.db.engine import Database
from spica.orm import (
    Model,
    ModelDefinitionError,
    NotDestroyed,
    after_destroy,
    after_destroy_commit,
    before_destroy,
    belongs_to,
    has_many,
    has_one,
    many_to_many,
)
from spica.testing.queries import assert_queries
from tests.adapters.data.databases import WORDS

LOG: list[str] = []


class House(Model):
    name: str
    rooms: list[Room] = has_many(dependent="destroy")
    garden: Garden | None = has_one(dependent="destroy")
    keys: list[HouseKey] = has_many(dependent="delete")
    guests: list[Guest] = has_many(dependent="nullify")
    tags: list[Label] = many_to_many()

    @before_destroy
    def leaving(self) -> None:
        LOG.append(f"before {self.name}")

    @after_destroy
    def left(self) -> None:
        LOG.append(f"after {self.name}")


class Room(Model):
    name: str
    house: House = belongs_to()
    lamps: list[Lamp] = has_many(dependent="destroy")

    @before_destroy
    def leaving(self) -> None:
        LOG.append(f"before {self.name}")
        if self.name == "cellar":
            raise ZeroDivisionError

    @after_destroy_commit
    def gone(self) -> None:
        LOG.append(f"gone {self.name}")


class Lamp(Model):
    room: Room = belongs_to()


class Garden(Model):
    house: House = belongs_to()


class HouseKey(Model):
    house: House = belongs_to()

    @before_destroy
    def never(self) -> None:
        raise AssertionError("dependent='delete' runs no callbacks")


class Guest(Model):
    name: str
    house: House | None = belongs_to()


class Label(Model):
    name: str
    houses: list[House] = many_to_many()


class Hall(Model):
    """May not go while something stands in it."""

    chairs: list[Chair] = has_many(dependent="restrict")
    notes: list[HallNote] = has_many(dependent="destroy")


class Chair(Model):
    hall: Hall = belongs_to()


class HallNote(Model):
    hall: Hall = belongs_to()


class Person(Model):
    """A circle: each one's destroy goes on to the next."""

    name: str
    friend: Person | None = belongs_to()
    friends: list[Person] = has_many(foreign_key="friend_id", dependent="destroy")


TABLES = (
    "create table houses (id {id}, name varchar(50) not null)",
    "create table rooms (id {id}, name varchar(50) not null, house_id bigint not null references houses (id))",
    "create table lamps (id {id}, room_id bigint not null references rooms (id))",
    "create table gardens (id {id}, house_id bigint not null references houses (id))",
    "create table house_keys (id {id}, house_id bigint not null references houses (id))",
    "create table guests (id {id}, name varchar(50) not null, house_id bigint references houses (id))",
    "create table labels (id {id}, name varchar(50) not null)",
    "create table houses_labels (house_id bigint not null references houses (id),"
    " label_id bigint not null references labels (id), primary key (house_id, label_id))",
    "create table halls (id {id})",
    "create table chairs (id {id}, hall_id bigint not null references halls (id))",
    "create table hall_notes (id {id}, hall_id bigint not null references halls (id))",
    "create table people (id {id}, name varchar(50) not null, friend_id bigint)",
)


@pytest.fixture(autouse=True)
async def houses(database: Database) -> None:
    """The tables, and nothing in them."""
    LOG.clear()
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


async def build_house(*rooms: str) -> House:
    house = await House.create(name="house")
    for name in rooms:
        room = await Room.create(name=name, house=house)
        await Lamp.create(room=room)
        await Lamp.create(room=room)
    await Garden.create(house=house)
    await HouseKey.create(house=house)
    await Guest.create(name="Ann", house=house)
    label = await Label.create(name="old")
    await db.execute("insert into houses_labels values (:house, :label)", house=house.id, label=label.id)
    return house


async def counts() -> dict[str, int]:
    models: tuple[Any, ...] = (House, Room, Lamp, Garden, HouseKey)
    return {model.__name__: await model.count() for model in models}


async def test_everything_goes_as_it_was_said() -> None:
    house = await build_house("kitchen", "attic")
    other = await House.create(name="other")
    await Room.create(name="theirs", house=other)
    await house.destroy()
    assert await counts() == {"House": 1, "Room": 1, "Lamp": 0, "Garden": 0, "HouseKey": 0}
    assert [(guest.name, guest.house_id) for guest in await Guest.all()] == [("Ann", None)]
    assert await Label.count() == 1
    assert await db.query("select * from houses_labels") == []
    assert LOG == [
        "before house",
        "before kitchen",
        "before attic",
        "after house",
        "gone kitchen",
        "gone attic",
    ]


async def test_a_failure_in_the_middle_undoes_everything() -> None:
    house = await build_house("kitchen", "cellar")
    before = await counts()
    with pytest.raises(ZeroDivisionError):
        await house.destroy()
    assert await counts() == before
    assert await Guest.where(house=house).count() == 1
    assert len(await db.query("select * from houses_labels")) == 1
    assert house.persisted
    assert "gone kitchen" not in LOG


async def test_the_pairs_go_with_the_other_end_too() -> None:
    await build_house()
    await (await Label.sole()).destroy()
    assert await db.query("select * from houses_labels") == []
    assert await House.count() == 1


async def test_thousands_in_batches() -> None:
    house = await House.create(name="hotel")
    await Room.insert_all([{"name": f"room {n}", "house_id": house.id} for n in range(2_300)])
    await Lamp.insert_all([{"room_id": id} for id in await Room.ids()])
    await house.destroy()
    assert await counts() == {"House": 0, "Room": 0, "Lamp": 0, "Garden": 0, "HouseKey": 0}
    assert sum(line.startswith("gone") for line in LOG) == 2_300


async def test_what_has_nothing_to_run_goes_by_one_statement() -> None:
    room = (await build_house("kitchen")).id
    kitchen = await Room.find_by(house_id=room)
    assert kitchen is not None
    with assert_queries(2):  # the lamps, the room
        await kitchen.destroy()
    assert await Lamp.count() == 0


async def test_restrict_says_why_and_changes_nothing() -> None:
    hall = await Hall.create()
    await HallNote.create(hall=hall)
    chair = await Chair.create(hall=hall)
    with pytest.raises(NotDestroyed, match="Hall was not destroyed: Can't be destroyed while there are chairs") as told:
        await hall.destroy()
    assert told.value.status == 409
    assert hall.errors.on("base") == ["Can't be destroyed while there are chairs"]
    [detail] = hall.errors.details("base")
    assert (detail.code, detail.parameters) == ("restrict_dependent_destroy.has_many", {"records": "chairs"})
    assert hall.persisted
    assert await HallNote.count() == 1
    await chair.destroy()
    await hall.destroy()
    assert await HallNote.count() == await Hall.count() == 0


async def test_restrict_against_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chair comes between the look and the delete: the foreign key refuses, and it is told the same way."""
    hall = await Hall.create()

    async def sees_nothing(*_: object, **__: object) -> None:
        await Chair.create(hall=hall)

    monkeypatch.setattr("spica.orm.relations.dependents._check_restricted", sees_nothing)
    with pytest.raises(NotDestroyed):
        await hall.destroy()
    assert hall.errors.on("base") == ["Can't be destroyed while there are chairs"]
    assert hall.persisted
    monkeypatch.undo()
    await hall.destroy()


async def test_circles_end() -> None:
    names = ["Ann", "Bob", "Cid", "Dee"]
    people = [await Person.create(name=name) for name in names]
    for person, friend in zip(people, people[1:] + people[:1], strict=True):
        await person.update(friend=friend)
    await people[1].destroy()
    assert await Person.count() == 0


async def test_a_callback_that_adds_an_error_stops_the_destroy() -> None:
    class Statue(Model, table="halls"):
        @before_destroy
        def stays(self) -> None:
            self.errors.add("base", "is made of stone")

    statue = await Statue.create()
    with pytest.raises(NotDestroyed, match="Statue was not destroyed: is made of stone"):
        await statue.destroy()
    assert await Statue.count() == 1


async def test_two_at_once() -> None:
    house = await build_house("kitchen", "attic")
    same = await House.find(house.id)
    await asyncio.gather(house.destroy(), same.destroy())
    assert await counts() == {"House": 0, "Room": 0, "Lamp": 0, "Garden": 0, "HouseKey": 0}


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_cancelled_at_any_time_it_is_all_or_nothing(turns: int) -> None:
    house = await build_house("kitchen", "attic")
    task = asyncio.create_task(house.destroy())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    left = await counts()
    assert left in (
        {"House": 1, "Room": 2, "Lamp": 4, "Garden": 1, "HouseKey": 1},
        {"House": 0, "Room": 0, "Lamp": 0, "Garden": 0, "HouseKey": 0},
    )
    assert house.persisted is (left["House"] == 1)


async def test_nullify_needs_a_key_that_may_be_null() -> None:
    class Kennel(Model, table="houses"):
        name: str
        dogs: list[Dog] = has_many(dependent="nullify")

    class Dog(Model, table="gardens"):
        kennel: Kennel = belongs_to(foreign_key="house_id")

    kennel = await Kennel.create(name="Rex's")
    with pytest.raises(ModelDefinitionError, match=r"(?s)Kennel\.dogs.*house_id may not be NULL.*Kennel \| None"):
        await kennel.destroy()


def test_mistakes_are_told_when_the_class_is_made() -> None:
    with pytest.raises(ModelDefinitionError, match="did you mean 'destroy'"):
        has_many(dependent="destory")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ModelDefinitionError, match=r"say dependent='delete' where 'rooms' is declared"):
        has_many(through="rooms", dependent="delete")
