"""Counters and times of the records that others belong to, on every database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from spica import db
from spica.db.engine import Database
from spica.orm import (
    Model,
    ModelDefinitionError,
    QueryError,
    Timestamps,
    UnknownRelation,
    ValidationError,
    belongs_to,
    field,
    has_many,
    scope,
)
from spica.testing.queries import assert_queries
from tests.adapters.data.databases import WORDS

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Forum(Model, Timestamps):
    topics_count: int = 0
    lively_at: datetime | None = None
    topics: list[Topic] = has_many(dependent="destroy")


class Topic(Model, Timestamps):
    title: str
    answers: int = 0
    forum: Forum | None = belongs_to(counter_cache=True, touch="lively_at")
    replies: list[Reply] = has_many(dependent="destroy")


class Reply(Model):
    text: str = field(max=20)
    topic: Topic = belongs_to(counter_cache="answers", touch=True)


TABLES = (
    "create table forums (id {id}, topics_count bigint not null, lively_at {moment}, created_at {moment} not null,"
    " updated_at {moment} not null)",
    "create table topics (id {id}, title varchar(50) not null, answers bigint not null,"
    " forum_id bigint references forums (id), created_at {moment} not null, updated_at {moment} not null)",
    "create table replies (id {id}, text varchar(50) not null, topic_id bigint not null references topics (id))",
)


@pytest.fixture(autouse=True)
async def forums(database: Database) -> None:
    """The tables, and nothing in them."""
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


async def counted() -> list[int]:
    return await Forum.order("id").pluck("topics_count")


async def age(*models: type[Model]) -> None:
    """Make all times old."""
    for model in models:
        await model.update_all(updated_at=LONG_AGO)


async def is_fresh(model: type[Model]) -> bool:
    [moment] = await model.pluck("updated_at")
    return bool(datetime.now(UTC) - moment < timedelta(minutes=1))


async def test_creating_moving_and_destroying_count() -> None:
    one, two = await Forum.create(), await Forum.create()
    topic = await Topic.create(title="a", forum=one)
    await Topic.create(title="b", forum=one)
    await Topic.create(title="c")
    assert await counted() == [2, 0]
    await topic.update(title="a2")
    assert await counted() == [2, 0]
    await topic.update(forum=two)
    assert await counted() == [1, 1]
    await topic.update(forum=None)
    assert await counted() == [1, 0]
    await topic.update(forum=one)
    await topic.destroy()
    assert await counted() == [1, 0]


async def test_a_count_and_a_time_are_one_statement() -> None:
    forum = await Forum.create()
    topic = await Topic.create(title="a", forum=forum)
    with assert_queries(4) as queries:  # count and touch the topic; find its forum; touch that; insert
        await Reply.create(text="b", topic=topic)
    assert sum("answers" in sql for sql in queries) == 1


async def test_many_at_once_are_all_counted() -> None:
    forum = await Forum.create()
    await asyncio.gather(*(Topic.create(title=str(n), forum=forum) for n in range(20)))
    assert await counted() == [20]
    topics = await Topic.all()
    await asyncio.gather(*(topic.destroy() for topic in topics[:15]))
    assert await counted() == [5]


async def test_destroying_the_same_twice_counts_once() -> None:
    forum = await Forum.create()
    topic = await Topic.create(title="a", forum=forum)
    await Topic.create(title="b", forum=forum)
    same = await Topic.find(topic.id)
    await asyncio.gather(topic.destroy(), same.destroy())
    assert await counted() == [1]


async def test_moving_the_same_twice_counts_once() -> None:
    one, two = await Forum.create(), await Forum.create()
    topic = await Topic.create(title="a", forum=one)
    same = await Topic.find(topic.id)
    await asyncio.gather(topic.update(forum=two), same.update(forum=two))
    assert await counted() == [0, 1]
    stale = await Topic.find(topic.id)
    await topic.update(forum=one)
    await stale.destroy()  # remembers the second forum, the row says the first
    assert await counted() == [0, 0]


async def test_what_is_undone_is_not_counted() -> None:
    forum = await Forum.create()
    async with db.transaction():
        await Topic.create(title="a", forum=forum)
        assert await counted() == [1]
        raise db.Rollback
    assert await counted() == [0]
    topic = await Topic.create(title="a", forum=forum)
    with pytest.raises(ValidationError):
        await Reply.create(text="x" * 30, topic=topic)
    assert await Topic.pluck("answers") == [0]


async def test_touching_goes_up_all_levels() -> None:
    forum = await Forum.create()
    topic = await Topic.create(title="a", forum=forum)
    reply = await Reply.create(text="b", topic=topic)
    for change in (reply.update(text="c"), reply.destroy(), Reply.create(text="d", topic=topic)):
        await age(Forum, Topic)
        await Forum.update_all(lively_at=LONG_AGO)
        await change
        assert await is_fresh(Topic)
        assert await is_fresh(Forum)
        assert await Forum.where(Forum.lively_at > LONG_AGO).exists()


async def test_a_save_that_changes_nothing_touches_nothing() -> None:
    topic = await Topic.create(title="a")
    reply = await Reply.create(text="b", topic=topic)
    await age(Topic)
    assert await reply.save()
    assert not await is_fresh(Topic)


async def test_a_parent_that_goes_is_left_alone() -> None:
    forum = await Forum.create()
    topic = await Topic.create(title="a", forum=forum)
    for n in range(3):
        await Reply.create(text=str(n), topic=topic)
    with assert_queries(max=12) as queries:
        await topic.destroy()
    assert not any("answers" in sql for sql in queries if sql.startswith("UPDATE"))
    assert await counted() == [0]
    assert await Reply.count() == 0


async def test_a_wrong_counter_is_refused() -> None:
    class Shop(Model, table="forums"):
        pass

    class Ware(Model, table="topics"):
        title: str
        shop: Shop = belongs_to(foreign_key="forum_id", counter_cache=True)

    class Clock(Model, table="topics"):
        title: str
        shop: Shop = belongs_to(foreign_key="forum_id", touch=True)

    with pytest.raises(ModelDefinitionError, match=r"(?s)Shop\.topics_count does not count.*topics_count: int = 0"):
        await Ware.create(title="a", forum_id=1)
    with pytest.raises(ModelDefinitionError, match=r"(?s)Shop has no time to touch.*Timestamps"):
        await Clock.create(title="a", forum_id=1)


async def test_resetting_counters() -> None:
    one, two = await Forum.create(), await Forum.create()
    await Topic.insert_all([{"title": "a", "forum_id": id} for id in (one.id, one.id, two.id, None)])
    assert await counted() == [0, 0]
    assert await Forum.where(id=two.id).reset_counters("topics") == 1
    assert await counted() == [0, 1]
    assert await Forum.reset_counters("topics") == 2
    assert await counted() == [2, 1]
    with pytest.raises(UnknownRelation, match="did you mean 'topics'"):
        await Forum.reset_counters("topcs")


class Folder(Model):
    name: str
    hidden: bool = False
    folders_count: int = 0
    parent: Folder | None = belongs_to(counter_cache=True)
    folders: list[Folder] = has_many(foreign_key="parent_id")

    shown = scope(lambda q: q.where(hidden=False), default=True)


async def test_a_table_may_count_its_own_rows(database: Database) -> None:
    words = WORDS[database.dialect]
    await database.execute(
        "create table folders (id {id}, name varchar(9) not null, hidden boolean not null,"
        " folders_count bigint not null, parent_id bigint)".format_map(words)
    )
    root = await Folder.create(name="root")
    for name in "abc":
        await Folder.create(name=name, parent=root)
    assert (await root.reload()).folders_count == 3
    await Folder.where(name="a").update_all(hidden=True)
    await Folder.unscoped().reset_counters("folders")
    assert await Folder.order("id").pluck("folders_count") == [2, 0, 0]


async def test_a_relation_without_a_counter_has_none_to_reset() -> None:
    class Gallery(Model):
        folders: list[Folder] = has_many(foreign_key="parent_id")

    with pytest.raises(QueryError, match=r"Gallery\.folders has no counter"):
        await Gallery.reset_counters("folders")
