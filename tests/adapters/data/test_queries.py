"""Queries, on every database: what a condition, an order or a limit finds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spica import db
from spica.db.engine import Database
from spica.orm import Model, field
from spica.orm.errors import RecordNotFound
from tests.adapters.data.databases import WORDS, Author, Book

pytestmark = pytest.mark.usefixtures("tables")

PAGES = {"Emma": 3, "Dune": 1, "Ulysses": 7, "It": 5, "Beloved": 7}


@pytest.fixture(autouse=True)
async def books(tables: Database) -> None:
    """Five books; two have as many pages."""
    for title, pages in PAGES.items():
        await Book.create(title=title, pages=pages)


def titles(found: list[Book]) -> set[str]:
    return {book.title for book in found}


CONDITIONS: dict[str, tuple[Any, set[str]]] = {
    "equal": (Book.pages == 7, {"Ulysses", "Beloved"}),
    "not equal": (Book.pages != 7, {"Emma", "Dune", "It"}),
    "less": (Book.pages < 3, {"Dune"}),
    "at most": (Book.pages <= 3, {"Dune", "Emma"}),
    "more": (Book.pages > 5, {"Ulysses", "Beloved"}),
    "at least": (Book.pages >= 5, {"Ulysses", "Beloved", "It"}),
    "and": ((Book.pages > 1) & (Book.title != "It"), {"Emma", "Ulysses", "Beloved"}),
    "or": ((Book.pages == 1) | (Book.title == "It"), {"Dune", "It"}),
    "not": (~(Book.pages == 7), {"Emma", "Dune", "It"}),
    "not of or": (~((Book.pages == 1) | (Book.pages == 7)), {"Emma", "It"}),
    "null": (Book.author_id == None, set(PAGES)),  # noqa: E711  # it is SQL's IS NULL
    "not null": (Book.author_id != None, set()),  # noqa: E711  # it is SQL's IS NOT NULL
    "columns": (Book.pages == Book.id, {"Dune"} - {"Dune"}),
}


@pytest.mark.parametrize("case", CONDITIONS)
async def test_a_condition(case: str) -> None:
    condition, expected = CONDITIONS[case]
    assert titles(await Book.where(condition)) == expected
    assert await Book.where(condition).count() == len(expected)
    assert await Book.where(condition).exists() is bool(expected)


@pytest.mark.parametrize("pages", [[], [7], [1, 3, 99], list(range(50))])
async def test_in(pages: list[int]) -> None:
    assert titles(await Book.where(pages=pages)) == {title for title, count in PAGES.items() if count in pages}


@pytest.mark.parametrize(
    ("order", "first"), [("pages", "Dune"), ("title", "Beloved"), ("-title", "Ulysses"), ("-id", "Beloved")]
)
async def test_order(order: str, first: str) -> None:
    assert (await Book.order(order))[0].title == first


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (2, 0, ["Emma", "Dune"]),
        (2, 2, ["Ulysses", "It"]),
        (None, 3, ["It", "Beloved"]),
        (9, 4, ["Beloved"]),
        (0, 0, []),
    ],
)
async def test_limit_and_offset(limit: int | None, offset: int, expected: list[str]) -> None:
    query = Book.order("id").offset(offset)
    query = query if limit is None else query.limit(limit)
    assert [book.title for book in await query] == expected
    assert await query.count() == len(expected)


async def test_find() -> None:
    first = await Book.first()
    assert first is not None
    assert (await Book.find(first.id)).title == "Emma"
    assert (await Book.find(str(first.id))).title == "Emma"
    with pytest.raises(RecordNotFound):
        await Book.find(99_999)


async def test_find_by_first_and_last() -> None:
    found, last = await Book.find_by(title="It"), await Book.last()
    assert found is not None
    assert last is not None
    assert (found.pages, last.title) == (5, "Beloved")
    assert await Book.find_by(title="it's not there") is None


async def test_pluck_and_paginate() -> None:
    assert await Book.where(Book.pages < 5).order("pages").pluck("title", "pages") == [("Dune", 1), ("Emma", 3)]
    page = await Book.paginate(2, 2)
    assert ([book.title for book in page.items], page.total) == (["Ulysses", "It"], 5)


async def test_update_all() -> None:
    assert await Book.where(pages=7).update_all(pages=8, title="long") == 2
    assert await Book.where(pages=8, title="long").count() == 2
    assert await Book.where(pages=99).update_all(pages=8) == 0


async def test_delete_all() -> None:
    assert await Book.where(Book.pages > 4).delete_all() == 3
    assert titles(await Book.all()) == {"Emma", "Dune"}


async def test_a_new_record_has_its_id_and_can_be_found() -> None:
    ids = [(await Author.create(name=f"author {number}")).id for number in range(3)]
    assert ids == sorted(set(ids))
    assert [author.id for author in await Author.order("id")] == ids


async def test_a_key_of_another_name_is_given_by_the_database(tables: Database) -> None:
    class Shelf(Model, table="shelves"):
        number: int = field(primary_key=True)
        room: str

    await db.execute(f"create table shelves (number {WORDS[tables.dialect]['id']}, room varchar(20))")
    shelf = await Shelf.create(room="attic")
    assert (await Shelf.find(shelf.number)).room == "attic"


async def test_update_reload_and_destroy() -> None:
    book = await Book.find_by(title="It")
    assert book is not None
    book.pages = 1_138
    assert await book.save()
    await Book.where(id=book.id).update_all(title="It again")
    await book.reload()
    assert (book.title, book.pages) == ("It again", 1_138)
    await book.destroy()
    assert await Book.count() == 4


HOSTILE = [
    "'; drop table books; --",
    '"; drop table books; --',
    "\\'; drop table books; -- ",
    "\\",
    "%s %(name)s %% %",
    ":name $1 ? {0} {}",
    "/* */ # -- \n\r\t\x1a",
    "a''b\\\\'c",
    "' or '1'='1",
    "\N{PILE OF POO} \N{CJK UNIFIED IDEOGRAPH-4E2D} e\N{COMBINING ACUTE ACCENT}",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH JOINER}\N{FULLWIDTH APOSTROPHE}",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_text_is_a_value_and_nothing_else(text: str) -> None:
    book = await Book.create(title=text)
    assert (await Book.find(book.id)).title == text
    assert titles(await Book.where(title=text)) == {text}
    assert [row["title"] for row in await db.query("select title from books where title = :t", t=text)] == [text]
    assert await db.execute("update books set title = :new where title = :old", new=text + "!", old=text) == 1
    assert await Book.count() == 6


@pytest.mark.parametrize(
    ("sql", "values", "expected"),
    [
        ("select title from books where pages = :pages and title <> ':pages'", {"pages": 1}, ["Dune"]),
        ("select title from books where pages = :p -- :not, 'this'\n and title <> :t", {"p": 1, "t": "x"}, ["Dune"]),
        ("select title from books /* :no ' */ where pages = :p", {"p": 1}, ["Dune"]),
        ("select title from books where title like '%mm%' and pages = :p", {"p": 3}, ["Emma"]),
        ("select title from books where title like '%mm%'", {}, ["Emma"]),
        ("select title from books where title = 'it''s :p' or pages = :p", {"p": 1}, ["Dune"]),
        ("select title from books where pages = :p or pages = :p + :q order by id", {"p": 1, "q": 2}, ["Emma", "Dune"]),
        ("select ':x' as title from books where pages = :p", {"p": 1}, [":x"]),
    ],
)
async def test_placeholders_of_hand_written_sql(sql: str, values: dict[str, Any], expected: list[str]) -> None:
    assert [row["title"] for row in await db.query(sql, **values)] == expected


async def test_a_stream_gives_all_rows_in_batches(tables: Database) -> None:
    batches = [batch async for batch in tables.stream("select title from books order by id", (), size=2)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [title for batch in batches for (title,) in batch] == list(PAGES)


async def test_a_stream_that_is_left_early_holds_nothing(tables: Database) -> None:
    for _ in range(12):  # more often than there are connections
        stream = tables.stream("select title from books", (), size=1)
        assert len(await anext(stream)) == 1
        await stream.aclose()
    assert await Book.count() == 5


async def test_concurrent_reads_and_writes() -> None:
    async def one(number: int) -> int:
        await Author.create(name=f"author {number}")
        return len(await Book.where(pages=7))

    assert await asyncio.gather(*(one(number) for number in range(64))) == [2] * 64
    assert await Author.count() == 64


async def test_or_with_a_query_without_conditions_keeps_every_record() -> None:
    every = await Book.count()
    assert every > 1
    assert await Book.all().or_(Book.title == "Emma").count() == every
