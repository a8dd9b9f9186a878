"""The chain of queries: values over records, groups, selections, subqueries, default scopes, taking queries apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from spica.db import Database
from spica.orm import (
    Model,
    ModelDefinitionError,
    QueryError,
    RecordNotFound,
    UnknownField,
    ValidationError,
    average,
    count,
    exists,
    lower,
    maximum,
    minimum,
    scope,
    sum_,
    upper,
)
from tests.unit.orm.conftest import Author, Post, Status

pytestmark = pytest.mark.usefixtures("posts")


class Note(Model):
    text: str
    archived: bool = False

    kept = scope(lambda q: q.where(archived=False), default=True)
    short = scope(lambda q: q.where(text="a"))


@pytest.fixture
async def notes(db: Database) -> None:
    """Notes "a" to "d", of which "c" and "d" are archived."""
    await db.execute("create table notes (id integer primary key, text text not null, archived boolean not null)")
    for text in "abcd":
        await Note.create(text=text, archived=text > "b")


@pytest.fixture
async def authors(posts: list[Post]) -> list[Author]:
    """Ann (30) wrote posts 1 to 3, Bob (40) post 4, Cid (no age) none; nobody wrote post 5."""
    made = [await Author.create(name=name, age=age) for name, age in (("Ann", 30), ("Bob", 40), ("Cid", None))]
    await Post.where(Post.id <= 3).update_all(author_id=made[0].id)
    await Post.where(id=4).update_all(author_id=made[1].id)
    return made


async def test_values_over_records() -> None:
    await Post.where(id=1).update_all(price="1.50", rating=2.5, day="2026-01-02")
    await Post.where(id=2).update_all(price="2.25", rating=3.5)
    assert await Post.sum("views") == 150
    assert await Post.where(published=True).sum(Post.views) == 60
    assert (await Post.sum("price"), await Post.sum("rating")) == (Decimal("3.75"), 6.0)
    assert (await Post.where(id=99).sum("views"), await Post.none().average("views")) == (0, None)
    assert await Post.average("views") == 30.0
    assert (await Post.minimum("views"), await Post.maximum("title")) == (10, "post 5")
    assert (await Post.maximum("day"), await Post.minimum("status")) == (date(2026, 1, 2), Status.DRAFT)
    assert (await Post.count("day"), await Post.count("published", distinct=True)) == (1, 2)
    assert await Post.sum(Post.views * 2 + Post.id) == 315
    assert await Post.order("-views").limit(2).sum("views") == 90
    assert await Post.order("views").offset(3).minimum("views") == 40


async def test_parts_are_taken_off_and_replaced() -> None:
    query = Post.where(published=True).order("-id").limit(1)
    assert await query.ids() == [4]
    assert await query.reorder("id").ids() == [2]
    assert await query.unscope("limit").ids() == [4, 2]
    assert await query.unscope("where", "limit").reorder("id").ids() == [1, 2, 3, 4, 5]
    assert await query.unscoped().count() == 5
    assert await Post.where_not(published=True, views=20).order("id").ids() == [1, 3, 4, 5]
    assert await Post.where_not(Post.id > 1).ids() == [1]
    assert await Post.none().ids() == []
    assert await Post.none().or_(id=3).ids() == [3]
    with pytest.raises(QueryError, match="no part 'oder'") as caught:
        Post.all().unscope("oder")
    assert "did you mean 'order'?" in str(caught.value)


async def test_queries_merge() -> None:
    recent = Post.where(Post.views > 10).order("-id").limit(2)
    assert await Post.where(published=True).order("id").merge(recent).ids() == [4, 2]
    assert await recent.merge(Post.where(published=False)).ids() == [5, 3]
    assert await recent.merge(Post.where(views=20).select("title")) == [("post 2",)]
    with pytest.raises(QueryError, match="can't be merged"):
        Post.all().merge(Author.all())


async def test_one_record() -> None:
    assert (await Post.where(views=30).take()).id == 3  # type: ignore[union-attr]
    assert await Post.where(views=31).take() is None
    assert (await Post.where(views=30).sole()).id == 3
    with pytest.raises(QueryError, match="several records"):
        await Post.sole()
    with pytest.raises(RecordNotFound, match="no Post fits the query"):
        await Post.where(views=31).sole()
    assert await Post.order("-id").pick("id", "title") == (5, "post 5")
    assert (await Post.where(id=2).pick("views"), await Post.none().pick("id")) == (20, None)


async def test_find_or_make() -> None:
    new = await Author.find_or_initialize_by({"age": 7}, name="Ann")
    assert (new.new_record, new.age, new.name) == (True, 7, "Ann")
    made = await Author.find_or_create_by({"age": 8}, name="Ann")
    assert (made.persisted, made.age) == (True, 8)
    again = await Author.find_or_create_by({"age": 9}, name="Ann")
    assert (again, again.age) == (made, 8)
    assert (await Author.where(age=8).find_or_initialize_by(name="Ann")).id == made.id
    with pytest.raises(ValidationError):
        await Post.find_or_create_by(title="")


async def test_another_process_that_was_faster_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Author.find_or_create_by
    winner = await Author.create(name="Ann")
    answers = [None, winner]

    async def find_by(query: Any, **equals: Any) -> Any:
        return answers.pop(0)

    monkeypatch.setattr(type(Author.all()), "find_by", find_by)
    assert await first(name="Ann") is winner
    assert answers == []


async def test_batches_go_by_id() -> None:
    assert [[post.id for post in batch] async for batch in Post.in_batches(2)] == [[1, 2], [3, 4], [5]]
    assert [post.id async for post in Post.where(published=False).find_each(1)] == [1, 3, 5]
    assert [batch async for batch in Post.none().in_batches()] == []
    for query in (Post.order("title"), Post.limit(1), Post.select("id"), Post.group("id")):
        with pytest.raises(QueryError, match="in_batches goes through all records"):
            await anext(query.in_batches())
    with pytest.raises(QueryError, match="at least 1"):
        await anext(Post.in_batches(0))


@pytest.mark.usefixtures("notes")
async def test_a_default_scope_is_in_every_query() -> None:
    assert await Note.order("id").pluck("text") == ["a", "b"]
    assert await Note.count() == 2
    assert await Note.unscoped().count() == 4
    assert await Note.where(text="a").or_(text="c").pluck("text") == ["a"]  # "c" is archived, and stays so
    assert await Note.unscoped().where(text="a").or_(text="c").count() == 2
    assert await Note.where(text="a").merge(Note.short).pluck("text") == ["a"]
    assert await Note.all().unscope("where").count() == 4
    assert (await Note.find(1)).text == "a"
    with pytest.raises(RecordNotFound):
        await Note.find(3)
    assert (await Note.unscoped().find(3)).text == "c"
    with pytest.raises(ModelDefinitionError, match="takes the query alone"):
        scope(lambda q, other: q, default=True)


async def test_selections_are_named_tuples(authors: list[Author]) -> None:
    rows: list[Any] = await Post.select("id", "status", twice=Post.views * 2).where(id=[1, 2]).order("id")
    assert [tuple(row) for row in rows] == [(1, Status.DRAFT, 20), (2, Status.DRAFT, 40)]
    assert (rows[0].id, rows[1].twice) == (1, 40)
    assert [row.id async for row in Post.select("id").order("-id").limit(2)] == [5, 4]
    assert await Author.select(lower(Author.name), upper(Author.name)).order("id").limit(1) == [("ann", "ANN")]
    assert sorted(await Post.select("published").distinct()) == [(False,), (True,)]
    assert await Post.where(id=1).pluck(Post.views / 4) == [2.5]


async def test_groups(authors: list[Author]) -> None:
    by_author = Post.group("author_id").where(Post.author_id != None)  # noqa: E711
    rows: Any = await by_author.select("author_id", total=sum_(Post.views), posts=count()).order("author_id")
    assert rows == [(1, 60, 3), (2, 40, 1)]
    assert rows[0].total == 60
    numbers: Any = await by_author.select(average(Post.views), minimum(Post.views), maximum(Post.views)).order(
        "-author_id"
    )
    assert numbers == [(40.0, 40, 40), (20.0, 10, 30)]
    assert numbers[1].average == 20.0
    assert await by_author.having(count() > 1).pluck("author_id") == [1]
    assert await by_author.having(sum_(Post.views) >= "40", count(Post.id) < 3).pluck("author_id") == [2]
    assert await by_author.order(count().desc()).pluck("author_id") == [1, 2]
    assert await by_author.order((sum_(Post.views) * -1).desc()).limit(1).pluck("author_id") == [2]
    assert await Post.group("author_id").count() == 3
    with pytest.raises(QueryError, match="a value for each group"):
        await by_author.sum("views")


async def test_subqueries(authors: list[Author]) -> None:
    grown = Author.where(Author.age > 35)
    assert await Post.where(Post.author_id.in_(grown.select("id"))).ids() == [4]
    assert await Post.where(author_id=grown).ids() == [4]
    assert await Post.where(Post.author_id.not_in(grown), Post.views > 10, id=range(9)).order("id").ids() == [2, 3]
    first = Author.order("name").limit(1)
    assert await Post.where(author_id=first, views=20).ids() == [2]
    wrote = exists(Post.where(Post.views > 20), Post.author_id == Author.id)
    assert await Author.where(wrote).order("id").pluck("name") == ["Ann", "Bob"]
    assert await Author.where(~wrote & (Author.id > 0)).pluck("name") == ["Cid"]
    older = exists(Author.all(), Author.id == Post.author_id, Author.age > Post.views)
    assert await Post.where(older).order("id").ids() == [1, 2]
    assert await Post.where(exists(grown)).count() == 5
    with pytest.raises(QueryError, match="selects one column"):
        Post.where(author_id=Author.select("id", "name"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (lambda: Post.where(Post.views + 10 == 30), [2]),
        (lambda: Post.where(90 - Post.views < Post.views), [5]),
        (lambda: Post.where(Post.views * 1.5 > 60), [5]),
        (lambda: Post.where(Post.views / Post.id > 9.5), [1, 2, 3, 4, 5]),
        (lambda: Post.where((Post.views - 5).in_([5, 15])), [1, 2]),
        (lambda: Post.where(lower(Post.title).like("POST 1") | (upper(Post.title) == "POST 2")), [1, 2]),
        (lambda: Post.where((3 / Post.id) >= 1), [1, 2, 3]),
    ],
)
async def test_it_calculates(query: Callable[[], Any], expected: list[int]) -> None:
    assert await query().order("id").ids() == expected


@pytest.mark.parametrize(
    ("mistake", "kind", "says"),
    [
        (lambda: Post.select("titel"), UnknownField, "did you mean 'title'?"),
        (lambda: Post.group("titel"), UnknownField, "did you mean 'title'?"),
        (lambda: Post.all().reorder("titel"), UnknownField, "did you mean 'title'?"),
        (lambda: Post.select(), QueryError, "needs the name"),
        (lambda: Post.all().group(), QueryError, "needs the name"),
        (lambda: Post.select("id", Post.id), QueryError, "two have this name"),
        (lambda: Post.select(**{"a b": Post.id}), QueryError, "can't call a value 'a b'"),
        (lambda: Post.select(_x=Post.id), QueryError, "can't call a value '_x'"),
        (lambda: Post.select(Author.name), QueryError, "can't read Author.name"),
        (lambda: Post.all().having(count(Author.id) > 1), QueryError, "a condition on Author"),
        (lambda: Post.where(Post.views + "1" == 2), QueryError, "can't be calculated with '1'"),
        (lambda: Post.where(Post.title + 1 == 2), QueryError, "is not a number"),
        (lambda: sum_(Post.title), QueryError, "needs numbers"),
        (lambda: minimum(Post.tags), QueryError, "holds JSON"),
        (lambda: lower(Post.views), QueryError, "needs text"),
        (lambda: count("id"), QueryError, "count(Post.id)"),  # type: ignore[arg-type]
        (lambda: count(distinct=True), QueryError, "what to count"),
        (lambda: exists(Post), QueryError, "needs a query"),  # type: ignore[arg-type]
        (lambda: exists(Post.limit(1), Post.id == 1), QueryError, "no further conditions"),
    ],
)
def test_a_chain_that_means_nothing_is_refused_at_once(
    mistake: Callable[[], object], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind) as caught:
        mistake()
    assert says in str(caught.value)
