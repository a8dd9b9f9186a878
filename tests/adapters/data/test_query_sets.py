"""Unions and the like, CTEs, locks, pages by cursor, plans and hand-written statements, on every database."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from spica.db import transaction
from spica.db.engine import Database
from spica.db.errors import DatabaseError
from spica.orm import InvalidCursor, QueryError, UnknownField, count, raw, sum_, value
from tests.adapters.data.library import Article, Comment, Person, Section, fill

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture
async def library(database: Database) -> None:
    await fill(database)


SETS: dict[str, tuple[Any, list[int]]] = {
    "union": (Article.where(id=[1, 2]).union(Article.where(id=[2, 3])), [1, 2, 3]),
    "union all": (Article.where(id=[1, 2]).union_all(Article.where(id=[2, 3])), [1, 2, 2, 3]),
    "intersect": (Article.where(id=[1, 2]).intersect(Article.where(id=[2, 3])), [2]),
    "except": (Article.where(id=[1, 2]).except_(Article.where(id=[2, 3])), [1]),
    "three": (Article.where(id=1).union(Article.where(id=2), Article.where(id=4)), [1, 2, 4]),
    "mixed": (Article.where(id=[1, 2]).union(Article.where(id=3)).except_(Article.where(id=2)), [1, 3]),
    "bounded": (Article.order("-id").limit(1).union(Article.order("id").limit(1)), [1, 4]),
    "narrowed": (Article.where(id=[1, 2]).union(Article.where(id=[2, 3])).where(Article.views > 15), [2, 3]),
    "or": (Article.where(id=[1, 2]).union(Article.where(id=3)).where(id=1).or_(id=3), [1, 3]),
    "not": (Article.where(id=[1, 2]).union(Article.where(id=3)).where_not(id=1), [2, 3]),
    "joined": (Article.where(id=1).union(Article.where(id=3)).joins("comments").where(Comment.author_id == 1), [3]),
    "with a join inside": (Article.joins("author").where(Person.age > 50).union(Article.where(id=4)), [1, 2, 4]),
}  # fmt: skip


@pytest.mark.parametrize("case", SETS)
async def test_a_set_of_records(case: str) -> None:
    query, expected = SETS[case]
    assert [article.id for article in await query.order("id")] == expected
    assert await query.count() == len(expected)
    assert await query.order("-id").limit(1).ids() == expected[-1:]
    assert await query.exists() is True
    assert await Article.where(id=query.select("id")).order("id").ids() == sorted(set(expected))


async def test_records_of_a_set_are_whole() -> None:
    query = Article.where(id=1).union(Article.where(id=3)).includes("author").order("title")
    first, last = await query
    assert (first.title, first.extras["color"], first.author.name) == ("Ants", "red", "Ann")
    last.title = "Felines"
    assert await last.save()
    assert (await Article.find(3)).title == "Felines"


async def test_a_set_of_selections() -> None:
    query: Any = Article.select("title", kind=value("article")).union(Comment.select("text", kind=value("comment")))
    assert await query.order("title").limit(2) == [("Ants", "article"), ("Bees", "article")]
    assert await query.where(kind="comment").order("title").pluck("title") == ["five", "four", "one", "three", "two"]
    assert await query.count() == 9
    assert (await query.group("kind").select("kind", n=count()).order("kind")) == [("article", 4), ("comment", 5)]
    with pytest.raises(UnknownField, match="no field 'tittle'"):
        query.where(tittle="x")


async def test_a_cte() -> None:
    busy = Comment.where(spam=False).group("article_id").select("article_id", n=count()).cte("busy")
    query = Article.joins(busy, on=busy.article_id == Article.id).where(busy.n > 1)
    assert await query.pluck("title", busy.n) == [("Ants", 2)]
    idle = Article.left_joins(busy, on=busy.article_id == Article.id).where(busy.n == None)  # noqa: E711  # IS NULL
    assert await idle.order("id").ids() == [2, 4]
    assert await busy.all().order("-n").pluck("article_id") == [1, 3]
    assert await busy.where(n=1).count() == 1


async def test_a_cte_that_a_statement_uses_twice() -> None:
    long = Article.where(Article.views > 15).cte("seen")
    query = Article.joins(long, on=long.id == Article.id).where(id=long.where(long.views < 30).select("id"))
    assert await query.where(Article.views != 7).order("id").ids() == [2, 3]


async def test_a_tree() -> None:
    children = (
        Section.unscoped().where(id=1).recursive(lambda tree: Section.joins(tree, on=Section.parent_id == tree.id))
    )
    assert [section.name for section in await children.order("id")] == ["root", "arts", "music"]
    assert await children.count() == 3
    assert await children.where(name="music").exists()
    assert await Section.where(id=children.select("id")).where(parent_id=1).pluck("name") == ["arts"]


async def test_a_tree_with_its_depth() -> None:
    tree: Any = (
        Section.where(parent_id=None)
        .select("id", "name", depth=value(0))
        .recursive(
            lambda above: Section.joins(above, on=Section.parent_id == above.id).select(
                "id", "name", depth=above.depth + 1
            )
        )
    )
    rows = await tree.order("depth", "id")
    assert [(row.name, row.depth) for row in rows] == [("root", 0), ("other", 0), ("arts", 1), ("music", 2)]
    assert await tree.where(tree._model.depth > 0).count() == 2


async def test_a_tree_with_a_circle_ends_when_rows_are_distinct() -> None:
    await Section.where(id=1).update_all(parent_id=3)
    around = Section.where(id=2).recursive(
        lambda tree: Section.joins(tree, on=Section.parent_id == tree.id), name="around", distinct=True
    )
    assert await around.order("id").ids() == [1, 2, 3]


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Article.all().union(), "needs another query"),
        (lambda: Article.all().union([]), "union needs queries"),
        (lambda: Article.all().union(Comment.all()), "can't take Article and Comment together"),
        (lambda: Article.all().union(Article.select("id")), "can't take Article and Article together"),
        (lambda: Article.select("id").union(Comment.select("text")), "selections of the same types"),
        (lambda: Article.select("id").union(Comment.select("id", "text")), "selections of the same types"),
        (lambda: Article.select(x=raw("1")).union(Article.select(x=raw("2"))), "raw(..., kind=int)"),
        (lambda: Article.all().union(Article.all().lock()), "no query with a lock"),
        (lambda: Article.all().cte("no name"), "can't be called"),
        (lambda: Section.where(id=1).recursive(lambda tree: Article.all()), "a step of recursive"),
        (lambda: Article.all().lock("updat"), "no lock 'updat'"),
        (lambda: Article.all().lock(nowait=True, skip_locked=True), "both raise and skip"),
    ],
)
async def test_mistakes(build: Any, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        build()
    assert says in str(caught.value)


async def test_sets_can_t_be_changed() -> None:
    query = Article.where(id=1).union(Article.where(id=2))
    with pytest.raises(QueryError, match="rows of a table"):
        await query.update_all(views=1)
    with pytest.raises(QueryError, match="rows of a table"):
        await query.delete_all()


async def test_a_lock_keeps_others_away(database: Database) -> None:
    async with transaction():
        locked = await Article.joins("author").where(id=1).lock().sole()
        assert locked.title == "Ants"
        if database.dialect == "sqlite":
            return  # the whole database is locked, by the transaction
        other = Database(database.url)
        try:
            with pytest.raises(DatabaseError):
                await other.query("select id from articles where id = 1 for update nowait")
            assert await other.query("select id from articles where id = 1 for update skip locked") == []
        finally:
            await other.close()


@pytest.mark.parametrize("kind", ["update", "share"])
@pytest.mark.parametrize("options", [{}, {"nowait": True}, {"skip_locked": True}])
async def test_every_lock_is_understood(kind: Any, options: dict[str, bool]) -> None:
    async with transaction():
        assert await Article.where(id=[1, 2]).order("id").lock(kind, **options).ids() == [1, 2]
        assert [article.id async for article in Article.where(id=1).lock(kind, **options)] == [1]
        assert await Article.all().lock(kind, **options).count() == 4


async def test_a_lock_on_rows_that_stand_for_several_is_refused() -> None:
    several = Article.joins("author").distinct()
    async with transaction():
        for query in (several, Article.group("author_id").select("author_id")):
            with pytest.raises(QueryError, match="can't tell which rows to lock"):
                await query.lock()
        with pytest.raises(QueryError, match=r'Article.where\(id=query.select\("id"\)\).lock\(\)'):
            async for _ in several.lock():
                pass
        assert len(await Article.where(id=several.select("id")).lock()) == await several.count()


async def test_a_lock_outside_of_a_transaction_is_refused() -> None:
    with pytest.raises(QueryError, match="outside of a transaction"):
        await Article.all().lock()
    with pytest.raises(QueryError, match="outside of a transaction"):
        async for _ in Article.all().lock():
            pass


async def test_two_that_take_the_next_of_a_queue_take_different_ones(database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite runs transactions that write one after another")

    both = asyncio.Barrier(2)

    async def take() -> int:
        async with transaction():
            found = await Article.order("id").limit(1).lock(skip_locked=True).sole()
            await both.wait()
            return int(found.id)

    async with asyncio.timeout(20):
        assert sorted(await asyncio.gather(take(), take())) == [1, 2]


ORDERS = [("id",), ("-id",), ("views", "-id"), ("-views", "title"), ("price",), ("-price", "day"), ("written_at",)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("per", [1, 2, 3, 4, 9])
async def test_pages_by_cursor_there_and_back(order: tuple[str, ...], per: int) -> None:
    query = Article.order(*order)
    pages, after = [], None
    while True:
        page = await query.cursor_page(after=after, per=per)
        pages.append([article.id for article in page])
        after = page.next
        if after is None:
            break
    assert sorted(number for page in pages for number in page) == [1, 2, 3, 4]
    assert all(len(page) == per for page in pages[:-1])
    back, before = [pages[-1]], page.previous
    while before is not None:
        page = await query.cursor_page(before=before, per=per)
        back.insert(0, [article.id for article in page])
        before = page.previous
    assert back == pages


async def test_null_comes_last_on_pages_by_cursor_unless_it_is_said() -> None:
    assert [person.id for person in await Person.order("age").cursor_page()] == [4, 2, 1, 3]
    assert [person.id for person in await Person.order("-age").cursor_page()] == [1, 2, 4, 3]
    query = Person.order(Person.age.asc().nulls_first())
    page = await query.cursor_page(per=1)
    assert [person.id for person in page] == [3]
    assert [person.id for person in await query.cursor_page(after=page.next)] == [4, 2, 1]


async def test_pages_by_cursor_of_joins_have_each_record_once() -> None:
    query = Article.joins("comments").order("-id")
    page = await query.cursor_page(per=2)
    assert [article.id for article in page] == [3, 2]
    assert [article.id for article in await query.cursor_page(after=page.next, per=2)] == [1]


async def test_what_a_page_by_cursor_shows() -> None:
    page = await Article.cursor_page(per=2)
    assert (len(page), page[0].id, page.per, page.previous) == (2, 1, 2, None)
    assert page.__json__() == {"items": page.items, "per": 2, "next": page.next, "previous": None}
    empty = await Article.where(id=99).cursor_page()
    assert (list(empty), empty.next, empty.previous) == ([], None, None)
    assert (await Article.cursor_page(after="", per=9)).next is None


async def test_a_cursor_that_was_tampered_with_is_refused() -> None:
    token = (await Article.order("views").cursor_page(per=1)).next
    assert token is not None
    octets = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    other = base64.urlsafe_b64encode(octets[:6] + json.dumps([99, 1]).encode()).decode()
    for wrong in (
        token[:-2],
        "x" + token,
        token[::-1],
        other,
        "1",
        "%%%",
        "é",
        "a" * 10_000,
        "AAAA",
        other.rstrip("="),
    ):
        with pytest.raises(InvalidCursor) as caught:
            await Article.order("views").cursor_page(after=wrong)
        assert caught.value.status == 400
    with pytest.raises(InvalidCursor):
        await Article.order("-views").cursor_page(after=token)
    with pytest.raises(InvalidCursor):
        await Article.order("title").cursor_page(before=token)
    with pytest.raises(InvalidCursor):
        await Person.order("id").cursor_page(after=token)


@pytest.mark.parametrize(
    ("query", "options", "says"),
    [
        (Article.limit(3), {}, "has a limit"),
        (Article.select("id"), {}, "a selection"),
        (Article.order(Article.views + 1), {}, "orders by fields of Article"),
        (Article.joins("comments").order(Comment.id), {}, "orders by fields of Article"),
        (Article.all(), {"per": 0}, "at least 1 record"),
        (Article.all(), {"after": "a", "before": "b"}, "not both"),
    ],
)
async def test_pages_by_cursor_that_can_t_be(query: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError, match=says):
        await query.cursor_page(**options)


async def test_a_plan() -> None:
    query = Article.joins("comments").where(Article.views > 5).order("title").limit(3)
    plan = await query.explain()
    assert "articles" in plan
    assert "comments" in plan
    analyzed = await query.explain(analyze=True)
    assert "articles" in analyzed
    assert any(word in analyzed for word in (" ms", "r_rows"))
    assert "people" in await Person.select(n=count()).explain()


async def test_records_of_a_statement_written_by_hand() -> None:
    found = await Article.find_by_sql("select a.*, 1 as more from articles a where id >= :id order by id", id=3)
    assert [(article.title, article.extras.get("color"), article.topics) for article in found] == [
        ("Cats", 5, []),
        ("Dogs", None, ["small"]),
    ]
    assert found[0].persisted
    assert await Article.find_by_sql("select * from articles where id = :id", id=99) == []
    with pytest.raises(QueryError, match="rows without title"):
        await Article.find_by_sql("select id, views, price, day, written_at, topics, extras, author_id from articles")


async def test_the_way_of_ecto() -> None:
    from spica.orm import repo

    query = Person.query().where(Person.age >= 18).join("articles").order("-age").distinct()
    assert [person.name for person in await repo.all(query)] == ["Ann", "Bob"]
    assert await Person.joins("articles").select("name", views=sum_(Article.views)).group("name").order("name") == [
        ("Ann", 30),
        ("Bob", 20),
    ]
