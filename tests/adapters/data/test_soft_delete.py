"""Records that are marked as deleted, on every database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from spica import db
from spica.db.engine import Database
from spica.orm import (
    Model,
    NotDestroyed,
    NotPersisted,
    RecordNotFound,
    SoftDelete,
    StaleRecord,
    Timestamps,
    ValidationError,
    after_destroy,
    after_destroy_commit,
    belongs_to,
    field,
    has_many,
    lock,
    many_to_many,
    scope,
)
from tests.adapters.data.databases import WORDS

LOG: list[str] = []


class Desk(Model, SoftDelete, Timestamps):
    name: str = field(max=20, unique=True)
    hidden: bool = False
    papers_count: int = 0
    papers: list[Paper] = has_many(dependent="destroy")
    stamps: list[Stamp] = has_many(dependent="delete")
    pens: list[Pen] = has_many(dependent="destroy")
    owners: list[DeskOwner] = has_many(dependent="nullify")
    drawers: list[Drawer] = has_many(dependent="restrict")
    rooms: list[DeskRoom] = many_to_many()

    shown = scope(lambda q: q.where(hidden=False), default=True)

    @after_destroy
    def log(self) -> None:
        LOG.append(f"desk {self.name}")


class Paper(Model, SoftDelete):
    title: str = field(max=20)
    desk: Desk = belongs_to(counter_cache=True)

    @after_destroy_commit
    def log(self) -> None:
        LOG.append(f"paper {self.title}")


class Stamp(Model, SoftDelete):
    desk: Desk = belongs_to()


class Pen(Model):
    """Can't be marked, so it stays with a desk that is."""

    desk: Desk = belongs_to()


class DeskOwner(Model):
    desk: Desk | None = belongs_to()


class Drawer(Model, SoftDelete):
    desk: Desk = belongs_to()


class DeskRoom(Model):
    name: str


class Vase(Model, SoftDelete):
    lock_version: int = lock()


TABLES = (
    "create table desks (id {id}, name varchar(50) not null, hidden boolean not null, papers_count bigint not null,"
    " deleted_at {moment}, created_at {moment} not null, updated_at {moment} not null)",
    "create table papers (id {id}, title varchar(50) not null, desk_id bigint not null references desks (id),"
    " deleted_at {moment})",
    "create table stamps (id {id}, desk_id bigint not null references desks (id), deleted_at {moment})",
    "create table pens (id {id}, desk_id bigint not null references desks (id))",
    "create table desk_owners (id {id}, desk_id bigint references desks (id))",
    "create table drawers (id {id}, desk_id bigint not null references desks (id), deleted_at {moment})",
    "create table desk_rooms (id {id}, name varchar(50) not null)",
    "create table desk_rooms_desks (desk_id bigint not null, desk_room_id bigint not null)",
    "create table vases (id {id}, lock_version bigint not null, deleted_at {moment})",
)


@pytest.fixture(autouse=True)
async def tables(database: Database) -> None:
    LOG.clear()
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


@pytest.fixture
async def desk(tables: None) -> Desk:
    """A desk with two papers, a stamp, a pen, an owner and a room."""
    desk = await Desk.create(name="old")
    for title in ("a", "b"):
        await Paper.create(title=title, desk=desk)
    await Stamp.create(desk=desk)
    await Pen.create(desk=desk)
    await DeskOwner.create(desk=desk)
    await desk.related("rooms").create(name="hall")
    return await desk.reload()


async def left() -> dict[str, tuple[int, int]]:
    """How many there are of each: shown, and in the table."""
    models = (Desk, Paper, Stamp, Pen, DeskOwner)
    return {model.__name__: (await model.count(), await model.unscoped().count()) for model in models}


ALL = {"Desk": (1, 1), "Paper": (2, 2), "Stamp": (1, 1), "Pen": (1, 1), "DeskOwner": (1, 1)}
MARKED = {"Desk": (0, 1), "Paper": (0, 2), "Stamp": (0, 1), "Pen": (1, 1), "DeskOwner": (1, 1)}


async def test_destroy_marks_and_restore_takes_the_mark_off(desk: Desk) -> None:
    before = desk.updated_at
    await desk.destroy()
    assert await left() == MARKED
    assert (desk.deleted, desk.persisted, desk.changed) == (True, True, [])
    assert desk.updated_at > before
    assert LOG == ["desk old", "paper a", "paper b"]
    assert (await DeskOwner.sole()).desk_id == desk.id
    with pytest.raises(RecordNotFound):
        await Desk.find(desk.id)
    same = await Desk.with_deleted.find(desk.id)
    assert same.deleted_at == desk.deleted_at
    assert await same.restore()
    assert not same.deleted
    assert await left() == ALL
    assert [room.name for room in await same.related("rooms")] == ["hall"]
    assert (await same.reload()).papers_count == 2


async def test_queries_leave_them_out(desk: Desk) -> None:
    other = await Desk.create(name="new")
    hidden = await Desk.create(name="hidden", hidden=True)
    await hidden.destroy()
    await desk.destroy()
    assert await Desk.pluck("name") == ["new"]
    assert await Desk.order("id").with_deleted.pluck("name") == ["old", "new"]  # the other default scope holds
    assert await Desk.only_deleted.pluck("name") == ["old"]
    assert await Desk.where(name=["old", "new"]).only_deleted.where_not(name="x").count() == 1
    assert await Desk.where(name="zzz").or_(name="old").count() == 0
    await (await Paper.create(title="c", desk=other)).destroy()
    assert await other.related("papers").count() == 0
    assert await other.related("papers").with_deleted.pluck("title") == ["c"]
    [loaded] = await Desk.includes("papers")
    assert loaded.papers == []


async def test_only_what_went_together_comes_back(desk: Desk) -> None:
    first = await Paper.find_by(title="a")
    assert first is not None
    await first.destroy()
    assert (await desk.reload()).papers_count == 1
    await desk.destroy()
    await desk.restore()
    assert await Paper.pluck("title") == ["b"]
    assert (await desk.reload()).papers_count == 1
    await first.restore()
    assert (await desk.reload()).papers_count == 2


async def test_really_destroying_takes_all_rows(desk: Desk) -> None:
    paper = await Paper.find_by(title="a")
    assert paper is not None
    await paper.destroy()
    await desk.destroy()
    await desk.really_destroy()
    assert {rows for _, rows in (await left()).values()} == {0, 1}
    assert (await DeskOwner.sole()).desk_id is None
    assert not desk.persisted
    with pytest.raises(NotPersisted):
        await desk.restore()


async def test_a_row_that_goes_takes_marked_ones_along(desk: Desk) -> None:
    paper = await Paper.find_by(title="a")
    assert paper is not None
    await paper.really_destroy()
    assert (await desk.reload()).papers_count == 1
    rest = await Paper.sole()
    await rest.destroy()
    await rest.really_destroy()  # was counted out when it was marked
    assert (await desk.reload()).papers_count == 0


async def test_what_restricts(desk: Desk) -> None:
    drawer = await Drawer.create(desk=desk)
    with pytest.raises(NotDestroyed):
        await desk.destroy()
    assert await left() == ALL
    await drawer.destroy()
    with pytest.raises(NotDestroyed):
        await desk.really_destroy()  # its row is still there
    await desk.destroy()
    assert await left() == MARKED


async def test_a_unique_value_is_free_again_until_it_is_restored(desk: Desk) -> None:
    await desk.destroy()
    await Desk.create(name="old")
    assert not await desk.restore()
    assert desk.errors.on("name") == ["has already been taken"]
    assert desk.deleted
    assert (await left())["Desk"] == (1, 2)
    assert (await left())["Paper"] == (0, 2)


async def test_a_dependent_that_is_not_valid_stops_the_restore(desk: Desk) -> None:
    await desk.destroy()
    await Paper.with_deleted.where(title="b").update_all(title="x" * 30)
    with pytest.raises(ValidationError, match="too long"):
        await desk.restore()
    assert await left() == MARKED
    assert desk.deleted


async def test_undone_with_its_transaction(desk: Desk) -> None:
    async with db.transaction():
        await desk.destroy()
        assert await left() == MARKED
        raise db.Rollback
    assert await left() == ALL
    assert (desk.deleted, desk.changed) == (False, [])
    await desk.destroy()
    async with db.transaction():
        await desk.restore()
        raise db.Rollback
    assert await left() == MARKED


async def test_other_changes_of_the_record_are_not_saved(desk: Desk) -> None:
    desk.name = "changed"
    await desk.destroy()
    assert desk.changed == ["name"]
    assert await Desk.only_deleted.pluck("name") == ["old"]


async def test_twice_and_at_once(desk: Desk) -> None:
    paper = await Paper.find_by(title="a")
    assert paper is not None
    same = await Paper.find(paper.id)
    await asyncio.gather(paper.destroy(), same.destroy())
    await paper.destroy()
    assert (await desk.reload()).papers_count == 1
    await asyncio.gather(paper.restore(), same.restore())
    assert (await desk.reload()).papers_count == 2
    assert not same.deleted


async def test_a_stale_record_is_not_marked() -> None:
    vase = await Vase.create()
    same = await Vase.find(vase.id)
    await vase.destroy()
    assert vase.lock_version == 1
    assert await vase.restore()
    with pytest.raises(StaleRecord):
        await same.destroy()
    assert await Vase.count() == 1


async def test_reset_counters_counts_what_is_shown(desk: Desk) -> None:
    await Paper.where(title="a").update_all(deleted_at=datetime.now(UTC))
    await Desk.reset_counters("papers")
    assert (await desk.reload()).papers_count == 1
