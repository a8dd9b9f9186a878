"""Joins, on every database."""

from __future__ import annotations

from typing import Any

import pytest

from spica.db.engine import Database
from spica.orm import QueryError, UnknownField, UnknownRelation, alias, count, exists, sum_
from tests.adapters.data.library import Article, Comment, Person, Rack, Section, fill

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture
async def library(database: Database) -> None:
    await fill(database)


async def titles(query: Any) -> list[str]:
    return [article.title for article in await query]


async def test_a_record_comes_once_for_each_row_of_the_other_table() -> None:
    assert await titles(Article.joins("comments").order("id", Comment.id)) == ["Ants", "Ants", "Ants", "Bees", "Cats"]
    assert await titles(Article.joins("comments").distinct().order("id")) == ["Ants", "Bees", "Cats"]


async def test_the_api_of_the_contract() -> None:
    top = await Article.joins("comments").group(Article.id).order(count(Comment.id).desc(), "id").limit(10)
    assert [(article.title, article.views) for article in top] == [("Ants", 10), ("Bees", 20), ("Cats", 20)]


async def test_left_joins_keep_records_without_any() -> None:
    rows: Any = await (
        Article.left_joins("comments").group("id", "title").select("title", n=count(Comment.id)).order("title")
    )
    assert rows == [("Ants", 3), ("Bees", 1), ("Cats", 1), ("Dogs", 0)]
    assert await titles(Article.left_joins("comments").where(Comment.id == None)) == ["Dogs"]  # noqa: E711


async def test_the_first_join_of_a_relation_is_kept_and_inner_wins() -> None:
    assert await Article.left_joins("comments").joins("comments").count() == 5
    assert await Article.joins("comments").left_joins("comments").count() == 5
    assert await Article.left_joins("comments").count() == 6


async def test_nested_joins() -> None:
    query = Article.joins("comments.author").where(Person.name == "Cid")
    assert await titles(query) == ["Ants", "Ants"]
    assert await titles(Article.joins("comments", "comments.author").where(Person.age > 50)) == ["Cats"]
    assert await Person.joins("articles.comments").where(Comment.spam == True).ids() == [1, 1]  # noqa: E712


async def test_several_joins() -> None:
    query = Article.joins("author", "comments").where(Person.name == "Ann", Comment.spam == False)  # noqa: E712
    assert await query.order(Comment.text).pluck("title", Person.name, Comment.text) == [
        ("Ants", "Ann", "one"),
        ("Ants", "Ann", "three"),
    ]


async def test_many_to_many() -> None:
    assert await titles(Article.joins("shelves").where(Rack.name == "low").order("id")) == ["Ants", "Cats"]
    rows: Any = await Article.left_joins("shelves").group("id").select("id", n=count(Rack.id)).order("id")
    assert rows == [(1, 2), (2, 0), (3, 1), (4, 0)]


async def test_through() -> None:
    query = Person.joins("received").where(Comment.text == "three")
    assert [person.name for person in await query] == ["Ann"]
    assert await Person.joins("received").where(Article.title == "Ants").count() == 3  # the way there has a name too


async def test_a_table_with_itself() -> None:
    boss = alias(Person, "the_boss")
    query = Person.joins("boss", as_=boss).where(boss.name == "Ann").order("id")
    assert [person.name for person in await query] == ["Bob", "Cid"]
    assert await Person.joins("boss", as_=boss).where(Person.age * 2 > boss.age).pluck("name") == ["Bob"]
    assert await Person.joins("boss").where(Person.name == "Bob").count() == 1  # the class means the query's own table
    assert await Person.joins("boss.boss").pluck("name") == ["Dan"]


async def test_the_same_model_twice() -> None:
    writer = alias(Person, "writer")
    query = Article.joins("author", as_=writer).joins("comments.author").where(writer.name == "Ann")
    assert await query.order(Comment.id).pluck(Person.name) == ["Bob", "Cid", "Cid"]
    with pytest.raises(QueryError, match="more than once") as caught:
        Article.joins("author", "comments.author").where(Person.name == "Ann")
    assert "alias(Person" in caught.value.fix


async def test_a_join_by_a_condition() -> None:
    elder = alias(Person, "elder")
    query = Person.joins(elder, on=elder.age > Person.age).order("name", elder.name)
    assert await query.pluck("name", elder.name) == [("Bob", "Ann"), ("Dan", "Ann"), ("Dan", "Bob")]
    assert await Person.joins(Article, on=Article.author_id == Person.id).count() == 3
    assert await Person.joins(Article, on=(Article.author_id == Person.id) & (Article.views > 10)).count() == 2


async def test_a_relation_with_a_further_condition() -> None:
    query = Article.left_joins("comments", on=Comment.spam == True).group("id")  # noqa: E712
    assert await query.order("id").select("id", n=count(Comment.id)) == [(1, 1), (2, 1), (3, 0), (4, 0)]


async def test_values_go_where_they_belong() -> None:
    query = (
        Article.where(Article.views >= 10)
        .left_joins("comments", on=Comment.text != "two")
        .where(Article.title < "C")
        .group("id", "title")
        .having(count(Comment.id) > 1)
        .select("title", value=sum_(Article.views * 2))
        .limit(5)
    )
    assert await query == [("Ants", 40)]


async def test_default_scopes_of_joined_models_hold() -> None:
    child = alias(Section, "child")
    query = Section.left_joins(child, on=child.parent_id == Section.id).order("id", child.id)
    assert await query.pluck("name", child.name) == [
        ("root", "arts"),
        ("arts", "music"),
        ("music", None),
        ("other", None),
    ]


async def test_values_over_joins() -> None:
    query = Article.joins("comments")
    assert await query.count() == 5
    assert await query.distinct().count() == 3
    assert await query.count(Comment.author_id, distinct=True) == 3
    assert await query.sum("views") == 70
    assert await query.where(Comment.text == "none").exists() is False
    assert await query.exists(Comment.text == "four") is True
    assert await query.maximum(Comment.text) == "two"
    page = await query.distinct().order("id").paginate(page=2, per=2)
    assert (page.total, page.pages, [article.title for article in page]) == (3, 2, ["Cats"])


async def test_changes_of_the_rows_that_a_join_finds() -> None:
    query = Article.joins("comments").where(Comment.author_id == 3)
    assert await query.update_all(views=99) == 1
    assert await Article.where(views=99).pluck("title") == ["Ants"]
    assert await Article.where(id=2).update_all(views=Article.views * 2 + 1) == 1
    assert await Article.where(views=41).pluck("title") == ["Bees"]
    assert await Article.joins("comments").where(Comment.spam == True).delete_all() == 2  # noqa: E712
    assert await Article.order("id").pluck("title") == ["Cats", "Dogs"]


async def test_scopes_of_joined_models_are_merged() -> None:
    query = Article.joins("comments").merge(Comment.visible)
    assert await titles(query.order("id", Comment.id)) == ["Ants", "Ants", "Cats"]
    assert await query.merge(Comment.order("-text")).pluck(Comment.text) == ["three", "one", "four"]
    assert await Person.joins("articles").merge(Article.popular).order("id").pluck("name") == ["Ann", "Bob"]
    merged = Article.joins("comments").merge(Comment.joins("author").where(Person.name == "Cid"))
    assert await merged.order(Comment.id).pluck(Comment.text) == ["two", "three"]


async def test_subqueries_with_joins() -> None:
    busy = Article.joins("comments").where(Comment.spam == True)  # noqa: E712
    assert await Person.where(id=busy.select("author_id")).pluck("name") == ["Ann"]
    wrote = exists(Article.joins("comments").where(Comment.text == "four"), Article.author_id == Person.id)
    assert await Person.where(wrote).pluck("name") == ["Bob"]


async def test_records_of_joins_load_relations() -> None:
    found = await Article.joins("comments").includes("comments.author").where(Comment.text == "four")
    assert found[0].comments[0].author is not None
    assert found[0].comments[0].author.name == "Ann"


async def test_batches_of_joins_have_each_record_once() -> None:
    assert [[article.id for article in batch] async for batch in Article.joins("comments").in_batches(2)] == [
        [1, 2],
        [3],
    ]


@pytest.mark.parametrize(
    ("build", "kind", "says"),
    [
        (lambda: Article.joins("coments"), UnknownRelation, "did you mean 'comments'"),
        (lambda: Article.joins("comments.autor"), UnknownRelation, "did you mean 'author'"),
        (lambda: Article.joins(), QueryError, "needs the name of a relation"),
        (lambda: Article.joins(7), QueryError, "7 can't be joined"),
        (lambda: Article.joins(Comment), QueryError, "which of its rows belong"),
        (lambda: Article.joins(Article, on=Article.id == Article.id), QueryError, "in the query already"),
        (lambda: Article.where(Comment.text == "x"), QueryError, 'Article.joins("comments")'),
        (lambda: Article.order(Rack.name), QueryError, 'Article.joins("shelves")'),
        (lambda: Article.select(Section.name), QueryError, "on=..."),
        (lambda: Article.joins("comments", on=Rack.name == "x"), QueryError, "can't be joined on Rack"),
        (lambda: Article.joins("comments").joins("comments", on=Comment.id > 1), QueryError, "joined already"),
        (lambda: Article.joins("author", as_=alias(Comment, "c")), QueryError, "as_ is an alias of Person"),
        (lambda: Article.joins("author", "comments", on=Comment.id > 1), QueryError, "for one table"),
        (lambda: Article.all().merge(Comment.visible), QueryError, "can't be merged with one of Comment"),
        (lambda: alias(Person, "no name"), QueryError, "can't be called 'no name'"),
        (lambda: alias("people", "x"), QueryError, "alias needs a model"),
        (lambda: alias(Person, "boss").nam, UnknownField, "did you mean 'name'"),
    ],
)
async def test_mistakes(build: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as caught:
        build()
    assert says in str(caught.value)
