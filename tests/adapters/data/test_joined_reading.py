"""Records read together with what they belong to, by one statement; on every database."""

from __future__ import annotations

import gc
import pickle
from typing import Any

import pytest

from spica.db import transaction
from spica.db.engine import Database
from spica.orm import NotLoaded, StoredValueError, exists, raw
from spica.orm.relations.peers import peers_of
from spica.testing.queries import assert_queries
from tests.adapters.data.library import Article, Comment, Person, Section, fill

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture
async def library(database: Database) -> None:
    await fill(database)


def authors(articles: list[Article]) -> list[str | None]:
    return [article.author and article.author.name for article in articles]


async def test_equal_keys_lead_to_one_object_and_empty_ones_nowhere() -> None:
    with assert_queries(1):
        articles = await Article.includes("author").order("id")
    assert authors(articles) == ["Ann", "Ann", "Bob", None]
    assert articles[0].author is articles[1].author
    assert [article.changed for article in articles] == [[], [], [], []]
    assert articles == await Article.order("id")
    assert [article.to_dict() for article in articles] == [one.to_dict() for one in await Article.order("id")]


async def test_a_table_with_itself() -> None:
    with assert_queries(1):
        people = await Person.includes("boss").where(age=[20, 40, 60]).order("-id").limit(2)
    assert [(one.name, one.boss and one.boss.name) for one in people] == [("Dan", "Bob"), ("Bob", "Ann")]


async def test_what_is_read_is_saved_and_reloaded_as_ever() -> None:
    [article] = await Article.includes("author").where(title="Ants")
    assert article.author is not None
    article.author.name = "Anna"
    assert await article.author.save()
    article.views = 11
    assert await article.save()
    assert (await Person.find(1)).name == "Anna"
    assert (await Article.find(1)).views == 11
    article.author_id = 2
    with pytest.raises(NotLoaded):
        _ = article.author
    await article.reload()
    with pytest.raises(NotLoaded):
        _ = article.author


async def test_a_key_that_leads_nowhere(database: Database) -> None:
    await database.execute("update articles set author_id = 99 where id = 1")
    article = await Article.includes("author").find(1)
    assert (article.author, article.author_id) == (None, 99)


async def test_the_records_and_their_targets_are_peers_among_themselves() -> None:
    comments = await Comment.includes("author").order("id")
    assert len(peers_of(comments[0])) == 5
    assert comments[0].author is not None
    assert {peer.name for peer in peers_of(comments[0].author)} == {"Ann", "Bob", "Cid"}
    with assert_queries(1):
        await comments[0].author.load("boss")
    assert comments[1].author is not None
    assert comments[1].author.boss is not None
    with assert_queries(1):
        await comments[4].load("article")
    assert comments[0].article.title == "Ants"


async def test_a_kept_record_keeps_no_peer() -> None:
    comments = await Comment.includes("author").order("id")
    kept = comments[0]
    del comments
    gc.collect()
    assert peers_of(kept) == [kept]
    assert pickle.loads(pickle.dumps(kept)).author.name == "Bob"


async def test_paths_go_on_from_what_was_joined() -> None:
    with assert_queries(3):
        comments = await Comment.includes("author.boss", "article").order("id")
    assert [one.author and one.author.boss and one.author.boss.name for one in comments] == [
        "Ann",
        "Ann",
        "Ann",
        None,
        None,
    ]
    assert [one.article.title for one in comments] == ["Ants", "Ants", "Ants", "Cats", "Bees"]


async def test_rows_that_are_long_and_those_of_default_scopes_take_a_statement_of_their_own() -> None:
    with assert_queries(2):  # an article has JSON
        assert (await Comment.includes("article").order("id"))[0].article.title == "Ants"
    await Section.insert_all([{"id": 6, "name": "inner", "parent_id": 4, "hidden": False}])
    with assert_queries(2):
        sections = await Section.includes("parent").order("id")
    assert [one.parent and one.parent.name for one in sections] == [None, "root", "arts", None, None]


async def test_conditions_mean_the_records_alone() -> None:
    theirs = Person.where(name="Ann").select("id")
    with assert_queries(1):
        assert authors(await Article.includes("author").where(author_id=theirs).order("id")) == ["Ann", "Ann"]
    there = exists(Person.all(), Person.id == Article.author_id, Person.age < 50)
    with assert_queries(1):
        assert authors(await Article.includes("author").where(there)) == ["Bob"]
    assert await Article.includes("author").where(title="none") == []


async def test_hand_written_sql_may_leave_the_table_out() -> None:
    for query in (
        Article.where(raw("id < :most", most=3)).order("id"),
        Article.where(id=[1, 2]).order(raw("id")),
        Article.where(exists(Person.all(), Person.id == Article.author_id, raw("age > :age", age=50))).order("id"),
    ):
        with assert_queries(2):
            assert authors(await query.includes("author")) == ["Ann", "Ann"]


async def test_locks_joins_and_groups_read_as_before() -> None:
    async with transaction():
        with assert_queries(2):
            assert authors(await Article.includes("author").where(id=1).lock()) == ["Ann"]
    with assert_queries(2):
        found: list[Any] = await Article.joins("author").includes("author").where(Person.age > 50).order("id")
    assert authors(found) == ["Ann", "Ann"]


async def test_what_reads_one_record_pages_and_streams() -> None:
    with assert_queries(1):
        first = await Article.includes("author").first()
    assert first is not None
    assert authors([first]) == ["Ann"]
    page = await Article.includes("author").order("id").paginate(per=3)
    assert authors(list(page.items)) == ["Ann", "Ann", "Bob"]
    assert page.total == 4
    assert authors([article async for article in Article.includes("author").order("id")]) == ["Ann", "Ann", "Bob", None]
    assert await Article.includes("author").count() == 4


async def test_the_text_and_the_plan_are_those_of_what_runs() -> None:
    query = Article.includes("author").where(id=1)
    with assert_queries(1) as queries:
        await query
    assert query.to_sql() == queries[0]
    assert "JOIN" in query.to_sql()
    assert await query.explain()


async def test_a_wrong_value_is_told_by_its_model_and_field(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("the other databases keep the types of columns")
    await database.execute("update articles set written_at = 'soon' where id = 1")
    with pytest.raises(StoredValueError, match=r"Article\.written_at"):
        await Article.includes("author")
