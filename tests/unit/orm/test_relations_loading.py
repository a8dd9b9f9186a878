"""Loading relations: how many queries it takes, and what records have afterwards."""

from __future__ import annotations

import gc
import pickle
from collections.abc import AsyncIterator
from typing import Any
from weakref import ref

import pytest

from spica.db import Database, use
from spica.http.json import encode
from spica.orm import (
    Model,
    NotLoaded,
    NotPersisted,
    QueryError,
    UnknownRelation,
    belongs_to,
    has_many,
    has_one,
    many_to_many,
)
from spica.testing.queries import assert_queries


class Person(Model):
    name: str
    books: list[Book] = has_many(foreign_key="author_id", order="-title")
    passport: Passport | None = has_one()
    reviews: list[Review] = has_many(through="books")
    tags: list[Tag] = has_many(through="books")


class Passport(Model):
    number: str
    person: Person = belongs_to()


class Book(Model):
    title: str
    author: Person = belongs_to()
    editor: Person | None = belongs_to(foreign_key="edited_by")
    reviews: list[Review] = has_many()
    tags: list[Tag] = many_to_many(order="name")


class Review(Model):
    text: str
    book: Book = belongs_to()


class Tag(Model):
    name: str
    books: list[Book] = many_to_many()


TABLES = [
    "create table people (id integer primary key, name varchar not null)",
    "create table passports (id integer primary key, number varchar not null, person_id integer not null)",
    "create table books (id integer primary key, title varchar not null, author_id integer not null, edited_by int)",
    "create table reviews (id integer primary key, text varchar not null, book_id integer not null)",
    "create table tags (id integer primary key, name varchar not null)",
    "create table books_tags (book_id integer not null, tag_id integer not null)",
]


@pytest.fixture(autouse=True)
async def database() -> AsyncIterator[Database]:
    """Ann wrote A and B, Bob wrote C, Cy nothing; A is edited by Cy; tags and reviews as below."""
    database = Database("sqlite://:memory:")
    for statement in TABLES:
        await database.execute(statement)
    previous = use(database)
    ann, bob, cy = [await Person.create(name=name) for name in ("Ann", "Bob", "Cy")]
    await Passport.create(number="X1", person=ann)
    a = await Book.create(title="A", author=ann, editor=cy)
    b = await Book.create(title="B", author=ann)
    c = await Book.create(title="C", author=bob)
    for text, book in (("good", a), ("bad", a), ("long", c)):
        await Review.create(text=text, book=book)
    art, bio = [await Tag.create(name=name) for name in ("bio", "art")][::-1]
    for book, tag in ((a, bio), (a, art), (b, bio), (c, art)):
        await database.execute("insert into books_tags values (:book, :tag)", book=book.id, tag=tag.id)
    yield database
    use(previous)
    await database.close()


def names(records: list[Any]) -> list[str]:
    return [getattr(record, "name", None) or getattr(record, "title", None) or record.text for record in records]


async def test_belongs_to() -> None:
    with assert_queries(1):
        books = await Book.includes("author", "editor").order("id")
    assert names([book.author for book in books]) == ["Ann", "Ann", "Bob"]
    assert books[0].author is books[1].author
    assert [book.editor and book.editor.name for book in books] == ["Cy", None, None]


async def test_has_many_in_its_order() -> None:
    with assert_queries(2):
        people = await Person.includes("books").order("id")
    assert [names(person.books) for person in people] == [["B", "A"], ["C"], []]


async def test_has_one() -> None:
    with assert_queries(2):
        people = await Person.includes("passport").order("id")
    assert [person.passport and person.passport.number for person in people] == ["X1", None, None]


async def test_many_to_many() -> None:
    with assert_queries(3):
        books = await Book.includes("tags").order("id")
    assert [names(book.tags) for book in books] == [["art", "bio"], ["bio"], ["art"]]
    assert books[0].tags[1] is books[1].tags[0]


async def test_through() -> None:
    with assert_queries(3):
        people = await Person.includes("reviews").order("id")
    assert [names(person.reviews) for person in people] == [["good", "bad"], ["long"], []]
    with assert_queries(2):
        await people[0].load("tags")  # the books are there
    assert sorted(names(people[0].tags)) == ["art", "bio"]


async def test_nested_paths_take_one_query_each() -> None:
    with assert_queries(3):
        people = await Person.includes("books.reviews", "books").order("id")
    assert [[names(book.reviews) for book in one.books] for one in people] == [
        [[], ["good", "bad"]],
        [["long"]],
        [],
    ]


async def test_includes_of_first_pages_and_streams() -> None:
    first = await Book.includes("author").order("id").first()
    assert first is not None
    assert first.author.name == "Ann"
    page = await Book.includes("author").paginate(per=2)
    assert names([book.author for book in page.items]) == ["Ann", "Ann"]
    assert [book.author.name async for book in Book.includes("author").order("id")] == ["Ann", "Ann", "Bob"]
    assert await Book.includes("author").where(title="none") == []


async def test_peers_load_together() -> None:
    with assert_queries(2):
        for book in await Book.order("id"):
            await book.load("author")
            assert book.author.name in ("Ann", "Bob")


async def test_peers_that_are_gone_are_not_loaded() -> None:
    books = await Book.order("id")
    kept = books[2]
    known = ref(books[0])
    del books
    gc.collect()
    assert known() is None
    with assert_queries(1) as queries:
        await kept.load("author")
    assert queries[0].count("?") == 1
    assert kept.author.name == "Bob"


async def test_what_is_loaded_is_not_loaded_again_until_reload() -> None:
    book = await Book.find(1)
    await book.load("reviews")
    with assert_queries(0):
        await book.load("reviews")
    await book.reload()
    with pytest.raises(NotLoaded):
        _ = book.reviews


async def test_a_changed_key_is_loaded_again() -> None:
    book = await Book.find(1)
    await book.load("author")
    book.author_id = 2
    with pytest.raises(NotLoaded):
        _ = book.author
    await book.load("author")
    assert book.author.name == "Bob"


async def test_a_key_that_leads_nowhere() -> None:
    book = await Book.find(1)
    book.author_id = 99
    await book.load("author")
    assert book.author is None


async def test_where_takes_records() -> None:
    ann, bob, cy = await Person.order("id")
    assert names(await Book.where(author=ann).order("id")) == ["A", "B"]
    assert names(await Book.where(author=[ann, bob], editor=None).order("id")) == ["B", "C"]
    assert names(await Book.where_not(editor=cy).order("id")) == []  # NULL is not known to differ
    with pytest.raises(QueryError, match=r"Book\.author is a Person, got 7"):
        Book.where(author=7)
    with pytest.raises(QueryError, match=r"Book\.reviews can't be compared"):
        Book.where(reviews=[])


async def test_related_is_a_query() -> None:
    ann, book = await Person.find(1), await Book.find(1)
    assert names(await ann.related("books")) == ["B", "A"]
    assert await ann.related("books").where(title="A").count() == 1
    assert names(await book.related("author")) == ["Ann"]
    assert names(await book.related("tags")) == ["art", "bio"]
    assert names(await ann.related("reviews").order("id")) == ["good", "bad"]
    assert sorted(names(await ann.related("tags"))) == ["art", "bio"]
    with pytest.raises(NotPersisted):
        Person(name="new").related("books")


async def test_unknown_paths_are_refused_at_once() -> None:
    with pytest.raises(UnknownRelation, match="did you mean 'author'"):
        Book.includes("autor")
    with pytest.raises(UnknownRelation, match="Person has no relation 'bookz'"):
        Book.includes("author.bookz")
    with pytest.raises(QueryError, match='write "author"'):
        Book.includes(Book.author)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(UnknownRelation):
        await (await Book.find(1)).load("pages")


async def test_more_owners_than_a_statement_has_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spica.orm.relations.loading.MOST_KEYS", 2)
    people = await Person.includes("books.tags").order("id")
    assert [[names(book.tags) for book in one.books] for one in people] == [
        [["bio"], ["art", "bio"]],
        [["art"]],
        [],
    ]


async def test_loaded_relations_survive_pickling_and_stay_out_of_json() -> None:
    book = await Book.includes("author", "tags").order("id").first()
    assert book is not None
    copy = pickle.loads(pickle.dumps(book))
    with assert_queries(0):
        assert (copy.author.name, names(copy.tags)) == ("Ann", ["art", "bio"])
    assert book.to_dict().keys() == {"id", "title", "author_id", "edited_by"}
    assert b"Ann" not in encode(book)


async def test_models_without_relations_have_no_peers() -> None:
    class Plain(Model, table="tags"):
        name: str

    assert not any(hasattr(record, "_loaded") for record in await Plain.all())
    assert Plain.__weakrefoffset__ == 0


async def test_merged_queries_load_the_relations_of_both() -> None:
    for merged in (Book.where(title="A").merge(Book.includes("author")), Book.includes("author").merge(Book.all())):
        with assert_queries(1):
            (book, *_) = await merged.order("title")
        assert book.author.name == "Ann"

    both = await Book.includes("author").merge(Book.includes("author", "editor")).order("title")

    assert (both[0].author.name, both[0].editor.name) == ("Ann", "Cy")
