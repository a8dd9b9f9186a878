"""Records as dictionaries, copies, members of sets and pickles."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest

from spica.db import Database
from spica.http import json
from spica.orm import (
    Model,
    NotLoaded,
    Timestamps,
    UnknownField,
    UnknownRelation,
    belongs_to,
    field,
    has_many,
    lock,
)


class Writer(Model):
    name: str
    api_token: str = "secret"
    letters: list[Letter] = has_many()


class Letter(Model, Timestamps):
    text: str
    tags: list[str] = field(default_factory=list)
    version: int = lock()
    writer: Writer = belongs_to()


@pytest.fixture
async def letter(db: Database) -> Letter:
    await db.execute("create table writers (id integer primary key, name text, api_token text)")
    await db.execute(
        "create table letters (id integer primary key, text text, tags text, version integer, writer_id integer,"
        " created_at datetime, updated_at datetime)"
    )
    writer = await Writer.create(name="Ann")
    return await Letter.create(text="Hi", tags=["a"], writer_id=writer.id)  # type: ignore[call-arg]


async def test_a_dict_of_some_fields(letter: Letter) -> None:
    assert letter.to_dict(only=["text", "id"]) == {"text": "Hi", "id": 1}
    assert list(letter.to_dict(except_=["created_at", "updated_at"])) == ["id", "text", "tags", "version", "writer_id"]
    assert letter.to_dict(only=["id", "text"], except_=["id"]) == {"text": "Hi"}
    assert letter.to_dict(only=[]) == {}
    assert letter.attributes == letter.to_dict()


async def test_a_dict_with_relations_that_are_loaded(letter: Letter) -> None:
    with pytest.raises(NotLoaded):
        letter.to_dict(include="writer")
    await letter.load("writer.letters")
    found = letter.to_dict(only=["text"], include="writer.letters")
    assert found["text"] == "Hi"
    assert found["writer"]["name"] == "Ann"
    assert found["writer"]["letters"][0]["text"] == "Hi"
    assert "api_token" not in found["writer"]
    assert msgspec.json.decode(json.encode(found))["writer"]["letters"][0]["tags"] == ["a"]
    writer = await Writer.find(1)
    await writer.load("letters")
    assert [one["text"] for one in writer.to_dict(include=["letters"])["letters"]] == ["Hi"]


@pytest.mark.parametrize(
    ("options", "problem", "says"),
    [
        ({"only": ["txt"]}, UnknownField, "text"),
        ({"except_": ["txt"]}, UnknownField, "text"),
        ({"only": "text"}, UnknownField, 'write only=["text"]'),
        ({"except_": "text"}, UnknownField, 'write except_=["text"]'),
        ({"include": "writers"}, UnknownRelation, "writer"),
    ],
)
async def test_a_name_that_is_wrong(
    letter: Letter, options: dict[str, Any], problem: type[Exception], says: str
) -> None:
    with pytest.raises(problem) as caught:
        letter.to_dict(**options)
    assert says in str(caught.value)


async def test_a_copy_is_new_and_shares_nothing(letter: Letter) -> None:
    letter.text = "Changed"
    await letter.save()
    copy = letter.dup()
    assert copy.new_record
    assert (copy.text, copy.tags, copy.version, copy.writer_id) == ("Changed", ["a"], 0, 1)
    assert (copy.id, copy.created_at) == (None, None)
    copy.tags.append("b")
    assert letter.tags == ["a"]
    assert await copy.save()
    assert copy != letter
    assert await Letter.count() == 2


async def test_records_are_equal_by_their_row(letter: Letter) -> None:
    same = await Letter.find(letter.id)
    same.text = "other"
    assert same == letter
    assert len({same, letter}) == 1
    assert Letter(text="x") != Letter(text="x")
    assert len({Letter(text="x"), Letter(text="x")}) == 2
    assert letter != await Writer.find(1)
    assert letter != 1


@pytest.fixture
def versions() -> Iterator[ModuleType]:
    """A module whose class is put in the place of an older one."""
    module = sys.modules["letters_of_versions"] = ModuleType("letters_of_versions")
    yield module
    del sys.modules["letters_of_versions"]


def version(annotations: dict[str, Any], **defaults: Any) -> Any:
    body = {"__annotations__": annotations, "__module__": "letters_of_versions", "__qualname__": "Note", **defaults}
    return type(Model)("Note", (Model,), body)


async def test_a_pickle_of_an_older_version_of_the_model(db: Database, versions: ModuleType) -> None:
    await db.execute("create table notes (id integer primary key, text text, gone text, color text, size integer)")
    await db.execute("insert into notes values (1, 'Hi', 'g', 'blue', 7)")
    old = versions.Note = version({"text": str, "gone": str})
    note = await old.find(1)
    note.text = "Bye"
    pickled = pickle.dumps(note), pickle.dumps(old(text="new", gone="x"))
    versions.Note = version({"color": str, "text": str, "size": int}, color="red", size=1)
    copy, fresh = map(pickle.loads, pickled)
    assert (copy.text, copy.color, copy.size, copy.changed) == ("Bye", "red", 1, ["text"])
    copy.size = 9
    assert copy.changed == ["text", "size"]
    assert await copy.save()
    # The color was never read and never set: what the database has stays.
    assert await db.query("select text, color, size from notes") == [{"text": "Bye", "color": "blue", "size": 9}]
    assert (await copy.reload()).color == "blue"
    assert (fresh.text, fresh.color, fresh.new_record) == ("new", "red", True)
