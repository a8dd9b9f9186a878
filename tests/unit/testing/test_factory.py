"""Factories, with models in a database and plain Structs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from spica.db import engine
from spica.db.engine import Database
from spica.orm import Model
from spica.testing import Factory, lazy, reference, sequence


class Writer(Model):
    email: str
    name: str = ""


class Note(Model):
    title: str
    writer_id: int
    text: str = ""


class WriterFactory(Factory[Writer]):
    email = sequence("writer{n}@example.com")
    name = "Ann"


class NoteFactory(Factory[Note]):
    title = sequence(lambda n: f"Note {n}")
    writer_id = reference(WriterFactory)


class LongNoteFactory(NoteFactory):
    text = lazy(lambda: "long")


class Point(msgspec.Struct):
    x: int = 0
    tags: list[str] = []


class PointFactory(Factory[Point]):
    x = 3
    tags = ["a"]


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    database = Database("sqlite://:memory:")
    await database.execute("create table writers (id integer primary key, email text, name text)")
    await database.execute("create table notes (id integer primary key, title text, writer_id integer, text text)")
    previous = engine.use(database)
    yield database
    engine.use(previous)
    await database.close()


async def test_a_record_is_saved_with_its_defaults(database: Database) -> None:
    first, second = await WriterFactory.create_many(2, name="Bob")
    assert first.persisted
    assert first.name == second.name == "Bob"
    assert first.email != second.email
    assert await Writer.count() == 2


async def test_references_are_created_unless_given(database: Database) -> None:
    note = await NoteFactory.create()
    writer = await Writer.find(note.writer_id)
    assert writer.name == "Ann"
    again = await LongNoteFactory.create(writer_id=writer.id, title="Mine")
    assert (again.writer_id, again.title, again.text) == (writer.id, "Mine", "long")
    assert await Writer.count() == 1


async def test_building_saves_nothing(database: Database) -> None:
    writer = WriterFactory.build(name="Cid")
    assert writer.new_record
    assert await Writer.count() == 0
    assert set(NoteFactory.values(title="a")) == {"title"}


def test_structs_have_values_of_their_own() -> None:
    first, second = PointFactory.build(), PointFactory.build(x=4)
    first.tags.append("b")
    assert (first.x, second.x, second.tags) == (3, 4, ["a"])


def test_a_name_that_is_no_field_is_a_mistake() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.emial: Writer has no such field; did you mean email\?"):
        type("Wrong", (WriterFactory,), {"emial": "x"})


class Shelf(msgspec.Struct):
    model: str
    values: int = 0


class ShelfFactory(Factory[Shelf]):
    model = "A model"
    values = 7


def test_a_field_may_be_called_like_a_method() -> None:
    assert ShelfFactory.build() == Shelf("A model", 7)
    assert ShelfFactory.values(values=8) == {"model": "A model", "values": 8}


async def test_an_unsaved_record_can_be_saved(database: Database) -> None:
    note = await NoteFactory.unsaved(title="")
    assert note.new_record
    assert await note.save()
