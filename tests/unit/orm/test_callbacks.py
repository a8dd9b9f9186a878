"""Callbacks: their order, their transaction, how they stop a save."""

# ruff: noqa: PT012  # what must fail here are transactions of several statements
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from spica.db import Database
from spica.db.transaction import active_transaction
from spica.orm import (
    Model,
    ModelDefinitionError,
    Rollback,
    after_commit,
    after_create,
    after_create_commit,
    after_destroy,
    after_destroy_commit,
    after_rollback,
    after_save,
    after_update,
    after_update_commit,
    around_create,
    around_destroy,
    around_save,
    before_create,
    before_destroy,
    before_save,
    before_update,
    before_validation,
    transaction,
    validate,
    validates,
)
from tests.unit.db.test_transaction import cancelled_at

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


class Order(Model):
    text: str
    paid: bool = False

    @around_save
    async def watched(self) -> AsyncIterator[None]:
        log.append("around_save")
        try:
            yield
        finally:
            log.append(f"around_save done {self.id}")

    @around_create
    def counted(self) -> Iterator[None]:
        log.append("around_create")
        if self.text == "refused":
            self.errors.add("text", "was refused")
        yield
        log.append("around_create done")

    @around_destroy
    def silenced(self) -> contextlib.AbstractContextManager[None]:
        log.append("around_destroy")
        return contextlib.nullcontext()

    @before_save(if_="paid")
    def before_paid(self) -> None:
        log.append("before paid")

    @after_save(if_=lambda order: order.text == "loud")
    def after_loud(self) -> None:
        log.append("after loud")

    @after_commit
    async def committed(self) -> None:
        log.append(f"committed {self.text} {await Order.count()}")

    @after_create_commit
    def created(self) -> None:
        log.append("create committed")

    @after_update_commit
    def updated(self) -> None:
        log.append("update committed")

    @after_destroy_commit
    def destroyed(self) -> None:
        log.append("destroy committed")

    @after_rollback
    def undone(self) -> None:
        log.append(f"undone {self.persisted}")


@pytest.fixture
async def orders(db: Database) -> None:
    await db.execute("create table orders (id integer primary key, text varchar not null unique, paid boolean)")


@pytest.mark.usefixtures("orders")
async def test_around_callbacks_and_conditions() -> None:
    order = await Order.create(text="loud")
    assert log == [
        "around_save",
        "around_create",
        "around_create done",
        "around_save done 1",
        "after loud",
        "committed loud 1",
        "create committed",
    ]
    log.clear()
    await order.update(text="paid", paid=True)
    assert log == ["before paid", "around_save", "around_save done 1", "committed paid 1", "update committed"]
    log.clear()
    await order.destroy()
    assert log == ["around_destroy", "committed paid 0", "destroy committed"]


@pytest.mark.usefixtures("orders")
async def test_an_around_callback_stops_the_save_by_a_message() -> None:
    order = Order(text="refused")
    assert not await order.save()
    assert order.errors.on("text") == ["was refused"]
    assert log == ["around_save", "around_create", "around_save done None"]


@pytest.mark.usefixtures("orders")
async def test_commit_callbacks_wait_for_the_outermost_and_rollback_ones_follow_the_undo() -> None:
    async with transaction():
        kept = await Order.create(text="kept")
        async with transaction():
            lost = await Order.create(text="lost")
            raise Rollback
        assert log[-1] == "undone False"
        log.clear()
    assert log == ["committed kept 1", "create committed"]
    assert (kept.persisted, lost.persisted, lost.id) == (True, False, None)


async def test_records_of_a_transaction_that_is_undone_are_as_before() -> None:
    old = await Audit.create(text="old")
    gone = await Audit.create(text="gone")
    with pytest.raises(KeyError):
        async with transaction():
            new = await Audit.create(text="new")
            await new.update(text="newer")
            await old.update(text="changed")
            await gone.destroy()
            raise KeyError
    assert (new.persisted, new.id, new.text) == (False, None, "newer")
    assert (old.persisted, old.changed) == (True, ["text"])
    assert gone.persisted
    assert await new.save()
    assert await old.save()
    assert sorted(await Audit.pluck("text")) == ["changed", "gone", "newer"]


def test_an_around_callback_that_never_yields_is_refused() -> None:
    with pytest.raises(ModelDefinitionError, match="can't run around a save"):

        @around_save
        async def never() -> None:
            pass


async def test_a_callback_marked_again_keeps_its_place_and_has_the_new_condition() -> None:
    class Base(Model, abstract=True):
        text: str

        @before_save
        def one(self) -> None:
            log.append("one")

        @before_save
        def two(self) -> None:
            log.append("two")

    class Child(Base, table="audits"):
        @before_save(if_=lambda child: child.text == "never")
        def one(self) -> None:
            log.append("never")

    assert [callback.name for callback in Child.__schema__.callbacks["before_save"]] == ["one", "two"]
    await Child.create(text="x")
    assert log == ["two"]


@pytest.mark.usefixtures("orders")
async def test_cancelled_at_every_await_a_record_says_what_the_database_has(db: Database) -> None:
    async def save(order: Order) -> None:
        async with transaction():
            await order.save()

    async def run(order: Order, step: int) -> int:
        return await cancelled_at(save(order), step)

    steps = await asyncio.create_task(run(Order(text="whole"), -1))
    assert steps >= 4
    for step in range(steps):
        await Order.all().delete_all()
        order = Order(text="x")
        log.clear()
        await asyncio.gather(asyncio.create_task(run(order, step)), return_exceptions=True)
        assert active_transaction(db) is None
        assert order.persisted == await Order.exists(text="x"), f"step {step}"
        assert (order.id is not None) == order.persisted, f"step {step}"
        assert ("create committed" in log) <= order.persisted, f"step {step}"
