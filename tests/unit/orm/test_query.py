"""Queries: what they find, what they change, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from spica.db import Database, TableMissing, transaction
from spica.orm import Model, Page, QueryError, RecordNotFound, StoredValueError, UnknownField
from spica.orm.query import Query
from tests.unit.orm.conftest import Author, Post, Status

pytestmark = pytest.mark.usefixtures("posts")


def numbers(posts: list[Post]) -> list[int]:
    return [post.id for post in posts]


def test_a_query_does_not_change(posts: list[Post]) -> None:
    base = Post.where(published=True)
    text = repr(base)
    base.where(views=1).order("id").limit(1).offset(1).or_(views=2)
    assert repr(base) == text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (lambda: Post.all(), [1, 2, 3, 4, 5]),
        (lambda: Post.where(published=True), [2, 4]),
        (lambda: Post.where(title="post 3"), [3]),
        (lambda: Post.where(title=["post 1", "post 5", "nothing"]), [1, 5]),
        (lambda: Post.where(id=range(2, 4)), [2, 3]),
        (lambda: Post.where(id=[]), []),
        (lambda: Post.where(rating=None), [1, 2, 3, 4, 5]),
        (lambda: Post.where(published=False, views=30), [3]),
        (lambda: Post.where(status=Status.LIVE), []),
        (lambda: Post.where(status="draft", views="10"), [1]),
        (lambda: Post.where(Post.views > 30), [4, 5]),
        (lambda: Post.where(Post.views >= 30), [3, 4, 5]),
        (lambda: Post.where(Post.views < 20), [1]),
        (lambda: Post.where(Post.views <= 20), [1, 2]),
        (lambda: Post.where(Post.views != 30), [1, 2, 4, 5]),
        (lambda: Post.where(Post.views == 30), [3]),
        (lambda: Post.where(Post.rating == None), [1, 2, 3, 4, 5]),  # noqa: E711
        (lambda: Post.where(Post.rating != None), []),  # noqa: E711
        (lambda: Post.where(Post.published), [2, 4]),
        (lambda: Post.where(~Post.published), [1, 3, 5]),
        (lambda: Post.where(Post.views.between(20, 40)), [2, 3, 4]),
        (lambda: Post.where(Post.id.in_([1, 2, 3, 4]) & Post.published), [2, 4]),
        (lambda: Post.where(Post.published & (Post.views > 20)), [4]),
        (lambda: Post.where((Post.views == 10) | (Post.views == 50)), [1, 5]),
        (lambda: Post.where(Post.published | (Post.views == 50)), [2, 4, 5]),
        (lambda: Post.where(~((Post.views == 10) | (Post.views == 50))), [2, 3, 4]),
        (lambda: Post.where(Post.id.not_in([1, 2])), [3, 4, 5]),
        (lambda: Post.where(Post.rating.in_([1.5, None])), [1, 2, 3, 4, 5]),
        (lambda: Post.where(Post.title.like("%3")), [3]),
        (lambda: Post.where(Post.title.ilike("POST _")), [1, 2, 3, 4, 5]),
        (lambda: Post.where(Post.title.contains("t 4")), [4]),
        (lambda: Post.where(Post.title.contains("%")), []),
        (lambda: Post.where(Post.title.starts_with("post")), [1, 2, 3, 4, 5]),
        (lambda: Post.where(Post.title.starts_with("pos_")), []),
        (lambda: Post.where(Post.views > Post.id), [1, 2, 3, 4, 5]),
        (lambda: Post.where(Post.created_at > datetime.now(UTC) - timedelta(hours=1)), [1, 2, 3, 4, 5]),
        (lambda: Post.where(Post.created_at > datetime.now(UTC) + timedelta(hours=1)), []),
        (lambda: Post.where(views=10).or_(views=20), [1, 2]),
        (lambda: Post.where(Post.views > 10, published=False).or_(Post.id == 1), [1, 3, 5]),
        (lambda: Post.visible, [2, 4]),
        (lambda: Post.visible.titled("post 4"), [4]),
        (lambda: Post.titled("post 1"), [1]),
        (lambda: Post.limit(2), [1, 2]),
        (lambda: Post.offset(3), [4, 5]),
        (lambda: Post.limit(2).offset(1), [2, 3]),
        (lambda: Post.limit(0), []),
    ],
)
async def test_it_finds(query: Callable[[], Query[Post]], expected: list[int]) -> None:
    found = await query().order("id")
    assert numbers(found) == expected
    assert all(type(post) is Post and post.persisted for post in found)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (lambda: Post.order("-views"), [5, 4, 3, 2, 1]),
        (lambda: Post.order("published", "-id"), [5, 3, 1, 4, 2]),
        (lambda: Post.order(Post.published.desc(), Post.id.asc()), [2, 4, 1, 3, 5]),
        (lambda: Post.order(Post.views), [1, 2, 3, 4, 5]),  # type: ignore[arg-type]
        (lambda: Post.recent.visible, [4, 2]),
    ],
)
async def test_it_orders(query: Callable[[], Query[Post]], expected: list[int]) -> None:
    assert numbers(await query()) == expected


async def test_find_gives_the_record_or_not_found() -> None:
    assert (await Post.find(3)).title == "post 3"
    assert (await Post.find("3")).title == "post 3"
    assert (await Post.where(published=True).find(2)).id == 2
    for id in (99, -1, 10**30, -(10**30), "abc", None, "1; drop table posts"):
        with pytest.raises(RecordNotFound) as caught:
            await Post.find(id)
        assert caught.value.status == 404
        assert caught.value.detail == "Post not found"
    for id in (3, 10**30, "abc"):
        with pytest.raises(RecordNotFound):
            await Post.where(published=True).find(id)


async def test_find_by_first_and_last() -> None:
    found = await Post.find_by(title="post 2")
    assert found is not None
    assert found.id == 2
    assert await Post.find_by(Post.views > 100) is None
    assert numbers([await Post.first(), await Post.last()]) == [1, 5]  # type: ignore[list-item]
    assert numbers([await Post.order("-id").first(), await Post.order("-id").last()]) == [5, 1]  # type: ignore[list-item]
    assert (await Post.limit(3).last()).id == 3  # type: ignore[union-attr]
    assert await Post.where(views=99).first() is None
    assert await Post.where(views=99).last() is None
    assert await Post.limit(0).last() is None


async def test_count_and_exists() -> None:
    assert await Post.count() == 5
    assert await Post.where(published=True).order("title").count() == 2
    assert await Post.limit(3).count() == 3
    assert await Post.offset(3).count() == 2
    assert await Post.exists()
    assert await Post.exists(title="post 1")
    assert not await Post.exists(Post.views > 100)
    assert not await Post.offset(5).exists()
    assert not await Author.exists()


async def test_pluck_reads_values() -> None:
    assert await Post.order("-id").limit(2).pluck("title") == ["post 5", "post 4"]
    assert await Post.where(id=1).pluck("status", "published", "id") == [(Status.DRAFT, False, 1)]
    with pytest.raises(QueryError):
        await Post.pluck()


async def test_iterating_reads_all() -> None:
    assert [post.id async for post in Post.where(published=True).order("id")] == [2, 4]


async def test_pages() -> None:
    page = await Post.order("-id").paginate(2, per=2)
    assert isinstance(page, Page)
    assert (numbers(list(page)), len(page), page[0].id, numbers(page[:1])) == ([3, 2], 2, 3, [3])
    assert (page.page, page.per, page.total, page.pages, page.prev, page.next) == (2, 2, 5, 3, 1, 3)
    last = await Post.paginate(3, 2)
    assert (numbers(last.items), last.next, last.prev) == ([5], None, 2)
    first = await Post.paginate(-4, 2)
    assert (first.page, first.prev, first.next) == (1, None, 2)
    for far in (9, 10**30):
        beyond = await Post.paginate(far, 2)
        assert (beyond.items, beyond.prev, beyond.next) == ([], 3, None)
    nothing = await Author.paginate()
    assert (nothing.items, nothing.pages, nothing.total) == ([], 1, 0)
    with pytest.raises(QueryError):
        await Post.paginate(1, 0)


async def test_update_all_and_delete_all() -> None:
    assert await Post.where(published=True).update_all(views="7", tags=["x"], status=Status.LIVE) == 2
    assert await Post.order("id").pluck("views") == [10, 7, 30, 7, 50]
    assert (await Post.find(2)).tags == ["x"]
    assert await Post.where(views=7).order("id").delete_all() == 2
    assert await Post.count() == 3
    assert await Post.delete_all() == 3


async def test_reads_inside_a_transaction_see_its_writes() -> None:
    async with transaction():
        await Post.create(title="inside")
        assert await Post.count() == 6
        assert [post.title async for post in Post.where(title="inside")] == ["inside"]


@pytest.mark.parametrize(
    ("mistake", "kind", "says"),
    [
        (lambda: Post.where(titel="x"), UnknownField, "did you mean 'title'?"),
        (lambda: Post.order("titel"), UnknownField, "did you mean 'title'?"),
        (lambda: Post.order("-"), UnknownField, "has no field ''"),
        (lambda: Post.order("title; drop table posts"), UnknownField, "has no field"),
        (lambda: Post.order(7), UnknownField, "has no field 7"),  # type: ignore[arg-type]
        (lambda: Post.where("title = 'x'"), QueryError, "is not a condition"),  # type: ignore[arg-type]
        (lambda: Post.where(True), QueryError, "is not a condition"),
        (lambda: Post.where(Post.title), QueryError, "is not a condition"),
        (lambda: Post.where(Author.name == "x"), QueryError, "a condition on Author"),
        (lambda: Post.where((Post.id == 1) & (Author.id == 1)), QueryError, "a condition on Author"),
        (lambda: Post.where(Post.id == Author.id), QueryError, "a condition on Author"),
        (lambda: Post.order(Author.name.desc()), QueryError, "ordered by Author.name"),
        (lambda: Post.where((Post.id == 1) and (Post.id == 2)), QueryError, "& | ~"),
        (lambda: Post.where(not Post.published), QueryError, "compare it"),
        (lambda: Post.where(Post.views > None), QueryError, "asks for NULL"),
        (lambda: Post.where(Post.views.like("1%")), QueryError, "is not text"),
        (lambda: Post.where(Post.title.like(7)), QueryError, "must be text"),  # type: ignore[attr-defined]
        (lambda: Post.where(tags="x"), QueryError, "holds JSON"),
        (lambda: Post.where(Post.extra == {"a": 1}), QueryError, "holds JSON"),
        (lambda: Post.limit(-1), QueryError, "whole number from 0"),
        (lambda: Post.offset("1; drop table posts"), QueryError, "whole number"),  # type: ignore[arg-type]
        (lambda: Post.limit(True), QueryError, "whole number"),
        (lambda: Post.limit(2**63), QueryError, "whole number"),
    ],
)
def test_a_query_that_means_nothing_is_refused_at_once(
    mistake: Callable[[], object], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind) as caught:
        mistake()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda: Post.where(views="many").count(), "'many' can't be compared with Post.views"),
        (lambda: Post.where(status="gone").first(), "is not included in the list"),
        (lambda: Post.limit(1).update_all(views=1), "takes no limit"),
        (lambda: Post.offset(1).delete_all(), "takes no limit"),
        (lambda: Post.update_all(), "needs a value"),
        (lambda: Post.update_all(views="many"), "'many' can't be set as Post.views"),
        (lambda: Post.insert_all([{"title": "abc", "views": "many"}]), "'many' can't be set as Post.views"),
        (lambda: Post.where(views="few").update_all(views=1), "'few' can't be compared with Post.views"),
    ],
)
async def test_a_query_that_can_not_run_says_why(mistake: Callable[[], Any], says: str) -> None:
    with pytest.raises(QueryError) as caught:
        await mistake()
    assert says in str(caught.value)


async def test_update_all_refuses_fields_that_are_not_there() -> None:
    with pytest.raises(UnknownField, match="titel"):
        await Post.all().update_all(titel="x")


async def test_a_table_that_is_missing_names_the_command() -> None:
    class Ghost(Model):
        name: str

    for call in (Ghost.all().count, Ghost.first, Ghost(name="x").save):
        with pytest.raises(TableMissing) as caught:
            await call()
        assert "spica db migrate" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value"), [("created_at", "yesterday"), ("status", "gone"), ("tags", "{"), ("token", "xyz")]
)
async def test_a_value_that_does_not_read_names_its_row(db: Database, column: str, value: str) -> None:
    await db.execute(f"update posts set {column} = :value where id = 3", value=value)
    with pytest.raises(StoredValueError) as caught:
        await Post.all()
    assert f"Post.{column}" in caught.value.what
    assert "id 3" in caught.value.where


def test_sql_text_has_placeholders_for_values() -> None:
    sql = Post.where(title="x").order("-id").limit(3).to_sql()
    assert sql.startswith("SELECT posts.id, posts.title")
    assert sql.endswith("FROM posts WHERE posts.title = ? ORDER BY posts.id DESC LIMIT ? OFFSET ?")
