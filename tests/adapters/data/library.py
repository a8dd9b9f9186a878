"""Models with relations between them, and what is in their tables, for the suites of queries."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from spica.db.engine import Database
from spica.orm import Model, belongs_to, field, has_many, many_to_many, scope
from tests.adapters.data.databases import WORDS


class Person(Model, table="people"):
    name: str
    age: int | None = None
    boss: Person | None = belongs_to()
    articles: list[Article] = has_many(foreign_key="author_id", order="id")
    comments: list[Comment] = has_many(foreign_key="author_id", order="id")
    received: list[Comment] = has_many(through="articles", source="comments")


class Article(Model):
    title: str
    views: int = 0
    price: Decimal | None = None
    day: date | None = None
    written_at: datetime | None = None
    topics: list[Any] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    author: Person | None = belongs_to()
    comments: list[Comment] = has_many(order="id")
    shelves: list[Rack] = many_to_many(join_table="articles_racks", target_key="rack_id", order="id")

    popular = scope(lambda q: q.where(Article.views >= 20))


class Comment(Model):
    text: str
    spam: bool = False
    article: Article = belongs_to()
    author: Person | None = belongs_to()

    visible = scope(lambda q: q.where(spam=False))


class Rack(Model):
    """Its lists are arrays on PostgreSQL."""

    name: str
    labels: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


class Section(Model):
    name: str
    parent: Section | None = belongs_to()
    hidden: bool = False

    shown = scope(lambda q: q.where(hidden=False), default=True)


ARRAYS = {
    "sqlite": {"texts": "text", "numbers": "text"},
    "postgresql": {"texts": "text[]", "numbers": "bigint[]"},
    "mysql": {"texts": "json", "numbers": "json"},
}
TABLES = (
    "create table people (id {id}, name varchar(200) not null, age bigint, boss_id bigint)",
    "create table articles (id {id}, title varchar(200) not null, views bigint not null, price {amount}, day date,"
    " written_at {moment}, topics {json} not null, extras {json} not null, author_id bigint)",
    "create table comments (id {id}, text varchar(200) not null, spam boolean not null, article_id bigint not null,"
    " author_id bigint)",
    "create table racks (id {id}, name varchar(200) not null, labels {texts}, sizes {numbers})",
    "create table articles_racks (article_id bigint not null, rack_id bigint not null)",
    "create table sections (id {id}, name varchar(200) not null, parent_id bigint, hidden boolean not null)",
)

PEOPLE: list[dict[str, Any]] = [
    {"id": 1, "name": "Ann", "age": 60, "boss_id": None},
    {"id": 2, "name": "Bob", "age": 40, "boss_id": 1},
    {"id": 3, "name": "Cid", "age": None, "boss_id": 1},
    {"id": 4, "name": "Dan", "age": 20, "boss_id": 2},
]
ARTICLES: list[dict[str, Any]] = [
    {
        "id": 1,
        "title": "Ants",
        "views": 10,
        "price": Decimal("1.50"),
        "day": date(2026, 1, 31),
        "written_at": datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC),
        "topics": ["nature", "small"],
        "extras": {"color": "red", "size": {"width": 3}, "draft": True, "none": None},
        "author_id": 1,
    },
    {
        "id": 2,
        "title": "Bees",
        "views": 20,
        "price": None,
        "day": date(2026, 2, 1),
        "written_at": datetime(2026, 2, 1, 12, tzinfo=UTC),
        "topics": ["nature", 7],
        "extras": {"color": "blue", "size": {"width": 12.5}, "draft": False},
        "author_id": 1,
    },
    {
        "id": 3,
        "title": "Cats",
        "views": 20,
        "price": Decimal("0.25"),
        "day": date(2025, 2, 1),
        "written_at": None,
        "topics": [],
        "extras": {"color": 5, "tags": ["a", {"b": 1}]},
        "author_id": 2,
    },
    {"id": 4, "title": "Dogs", "views": 40, "price": None, "day": None, "written_at": None, "author_id": None}
    | {"topics": ["small"], "extras": {}},
]
COMMENTS: list[dict[str, Any]] = [
    {"id": 1, "text": "one", "spam": False, "article_id": 1, "author_id": 2},
    {"id": 2, "text": "two", "spam": True, "article_id": 1, "author_id": 3},
    {"id": 3, "text": "three", "spam": False, "article_id": 1, "author_id": 3},
    {"id": 4, "text": "four", "spam": False, "article_id": 3, "author_id": 1},
    {"id": 5, "text": "five", "spam": True, "article_id": 2, "author_id": None},
]
SECTIONS: list[dict[str, Any]] = [
    {"id": 1, "name": "root", "parent_id": None, "hidden": False},
    {"id": 2, "name": "arts", "parent_id": 1, "hidden": False},
    {"id": 3, "name": "music", "parent_id": 2, "hidden": False},
    {"id": 4, "name": "secret", "parent_id": 1, "hidden": True},
    {"id": 5, "name": "other", "parent_id": None, "hidden": False},
]


async def fill(database: Database) -> None:
    """Make the tables and their rows."""
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect] | ARRAYS[database.dialect]))
    await Person.insert_all(PEOPLE)
    await Article.insert_all(ARTICLES)
    await Comment.insert_all(COMMENTS)
    await Rack.insert_all([{"id": 1, "name": "top", "labels": ["old", "red"], "sizes": [1, 2]}])
    await Rack.insert_all([{"id": 2, "name": "low", "labels": ["red"], "sizes": []}])
    for article, rack in ((1, 1), (1, 2), (3, 2)):
        await database.execute("insert into articles_racks values (:article, :rack)", article=article, rack=rack)
    await Section.insert_all(SECTIONS)
