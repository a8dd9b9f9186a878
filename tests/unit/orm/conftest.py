"""A blog's models on a fresh in-memory database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest

from spica.db import Database, use
from spica.orm import Model, Text, Timestamps, field, scope, validates


class Status(Enum):
    DRAFT = "draft"
    LIVE = "live"


class Author(Model):
    name: str = field(max=50, unique=True)
    age: int | None = None


class Post(Model, Timestamps):
    title: str = field(max=200)
    body: Text = ""
    published: bool = False
    views: int = 0
    rating: float | None = None
    price: Decimal | None = None
    day: date | None = None
    token: UUID | None = None
    data: bytes | None = None
    tags: list[str] = field(default_factory=list)
    extra: dict[str, object] | None = None
    status: Status = Status.DRAFT
    author_id: int | None = None

    visible = scope(lambda q: q.where(published=True))
    recent = scope(lambda q: q.order("-id"))
    titled = scope(lambda q, title: q.where(title=title))

    validates("title", presence=True, length=(3, 200))


TABLES = [
    "create table authors (id integer primary key, name varchar(50) not null unique, age integer)",
    """create table posts (
        id integer primary key, title varchar(200) not null, body text not null, published boolean not null,
        views integer not null, rating float, price numeric, day date, token char(36), data blob, tags json not null,
        extra json, status varchar not null, author_id integer references authors (id),
        created_at datetime not null, updated_at datetime not null)""",
]


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    """An in-memory database with the tables of the models here, as the default one."""
    database = Database("sqlite://:memory:")
    for statement in TABLES:
        await database.execute(statement)
    previous = use(database)
    yield database
    use(previous)
    await database.close()


@pytest.fixture
async def posts(db: Database) -> list[Post]:
    """Five posts: "post 1" to "post 5", the even ones published, with views 10 to 50."""
    return [
        await Post.create(title=f"post {number}", published=number % 2 == 0, views=number * 10)
        for number in range(1, 6)
    ]
