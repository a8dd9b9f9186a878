"""Callbacks: their order, their transaction, how they stop a save."""

from __future__ import annotations

import pytest

from spica.db import Database
from spica.orm import (
    Model,
    after_create,
    after_destroy,
    after_save,
    after_update,
    before_create,
    before_destroy,
    before_save,
    before_update,
    before_validation,
    validate,
    validates,
)

log: list[str] = []


class Audit(Model, table="audits"):
    text: str


class Loud:
    """A mixin with a callback."""

    @before_save
    def from_the_mixin(self) -> None:
        log.append("mixin before_save")


class Note(Model, Loud):
    text: str

    validates("text", presence=True)

    @before_validation
    def strip(self) -> None:
        log.append("before_validation")
        self.text = (self.text or "").strip()

    @validate
    def refuse_secrets(self) -> None:
        log.append("validate")
        if "secret" in self.text:
            self.errors.add("text", "tells a secret")

    @validate
    async def refuse_twice(self) -> None:
        if await Note.exists(text=self.text) and self.new_record:
            self.errors.add("base", "Said before")

    @before_save
    def first(self) -> None:
        log.append("before_save")
        if self.text == "stop":
            self.errors.add("text", "was stopped")
        if self.text == "break":
            self.text = 7  # type: ignore[assignment]

    @before_create
    async def creating(self) -> None:
        log.append(f"before_create {self.id}")
        await Audit.create(text=f"creating {self.text}")

    @after_create
    def created(self) -> None:
        log.append(f"after_create {self.id}")

    @before_update
    def updating(self) -> None:
        log.append("before_update")

    @after_update
    def updated(self) -> None:
        log.append("after_update")

    @after_save
    def saved(self) -> None:
        log.append("after_save")
        if self.text == "fail":
            raise RuntimeError("after_save failed")

    @before_destroy
    def leaving(self) -> None:
        log.append("before_destroy")

    @after_destroy
    def left(self) -> None:
        log.append("after_destroy")
        if self.text == "stay":
            raise RuntimeError("it stays")


@pytest.fixture(autouse=True)
async def notes(db: Database) -> None:
    await db.execute("create table notes (id integer primary key, text varchar not null)")
    await db.execute("create table audits (id integer primary key, text varchar not null)")
    log.clear()


async def test_the_order_of_a_create_an_update_and_a_destroy() -> None:
    note = Note(text=" hello ")
    assert await note.save()
    assert log == [
        "before_validation",
        "validate",
        "mixin before_save",
        "before_save",
        "before_create None",
        "after_create 1",
        "after_save",
    ]
    log.clear()
    assert await note.update(text="bye")
    assert log == [
        "before_validation",
        "validate",
        "mixin before_save",
        "before_save",
        "before_update",
        "after_update",
        "after_save",
    ]
    log.clear()
    await note.destroy()
    assert log == ["before_destroy", "after_destroy"]
    assert await Audit.pluck("text") == ["creating hello"]


async def test_a_method_that_validates_adds_messages() -> None:
    note = Note(text="my secret")
    assert not await note.save()
    assert note.errors.full_messages == ["Text tells a secret"]
    assert "before_save" not in log
    await Note.create(text="once")
    again = Note(text="once")
    assert not await again.save()
    assert again.errors.full_messages == ["Said before"]


async def test_a_message_added_before_the_save_stops_it() -> None:
    note = Note(text="stop")
    assert not await note.save()
    assert note.errors.on("text") == ["was stopped"]
    assert note.new_record
    assert (await Note.count(), await Audit.count()) == (0, 0)


async def test_a_value_of_the_wrong_type_from_a_callback_is_a_message() -> None:
    note = Note(text="break")
    assert not await note.save()
    assert note.errors.on("text") == ["must be text"]


async def test_an_exception_after_the_save_undoes_it_and_the_record_knows() -> None:
    note = Note(text="fail")
    with pytest.raises(RuntimeError):
        await note.save()
    assert note.new_record
    assert note.id is None
    assert (await Note.count(), await Audit.count()) == (0, 0)
    kept = await Note.create(text="fine")
    with pytest.raises(RuntimeError):
        await kept.update(text="fail")
    assert kept.changed == ["text"]
    assert (await Note.find(kept.id)).text == "fine"


async def test_an_exception_after_the_destroy_undoes_it() -> None:
    note = await Note.create(text="stay")
    with pytest.raises(RuntimeError):
        await note.destroy()
    assert note.persisted
    assert await Note.count() == 1
