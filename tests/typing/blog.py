"""What type checkers know of models. Never run: mypy and pyright read it (test_models.py).

A line that ends in `# wrong` must be an error for both, every other line for neither.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import assert_type

from spica.orm import (
    Mapped,
    Model,
    Page,
    Password,
    Query,
    Text,
    Timestamps,
    belongs_to,
    count,
    field,
    has_many,
    has_one,
    lock,
    many_to_many,
)
from spica.orm.expressions import Column, Condition


class Status(Enum):
    DRAFT = "draft"
    LIVE = "live"


class Author(Model):
    email: Mapped[str] = field(unique=True)
    age: int = 0
    nick: Mapped[str | None] = field(default=None)
    password: Password
    posts: list[Post] = has_many(order="-created_at")
    profile: Profile | None = has_one()


class Profile(Model):
    author: Author = belongs_to()
    opens: time
    lasts: timedelta = timedelta(hours=1)


class Tag(Model):
    name: str


class Shared(Model, abstract=True):
    version: int = lock()

    def shout(self) -> str:
        return "!"


class Post(Shared, Timestamps, table="articles"):
    title: Mapped[str] = field(max=200)
    body: Text
    views: int = field(default=0, index=True)
    price: Decimal | None = field(default=None, precision=8, scale=2)
    status: Status = Status.DRAFT
    tags: list[str] = field(default_factory=list)
    author: Author = belongs_to()
    labels: list[Tag] = many_to_many()


class Ticket(Model):
    code: Mapped[str] = field(primary_key=True)


async def records() -> None:
    post = await Post.find(1)
    assert_type(post, Post)
    assert_type(await Post.find_by(title="x"), Post | None)
    assert_type(await Post.first(), Post | None)
    assert_type(Post(title="x", views="7"), Post)
    assert_type(Post({"title": "x"}), Post)
    assert_type(Post(), Post)
    assert_type(await Post.create(title="x"), Post)
    assert_type(await post.save(), bool)
    assert_type(await post.reload(), Post)
    assert_type(post.dup(), Post)
    assert_type(post.changed, list[str])
    assert_type(post.shout(), str)
    assert_type(await Author.authenticate_by(email="a@b.c", password="x"), Author | None)
    post.save(now=True)  # wrong
    await Post.find()  # wrong


async def fields() -> None:
    post = await Post.find(1)
    assert_type(post.title, str)
    assert_type(post.views, int)
    assert_type(post.price, Decimal | None)
    assert_type(post.status, Status)
    assert_type(post.tags, list[str])
    assert_type(post.created_at, datetime)
    assert_type(post.version, int)
    assert_type((await Author.find(1)).nick, str | None)
    assert_type((await Profile.find(1)).lasts, timedelta)
    assert_type((await Ticket.find("x")).code, str)
    post.title = "new"
    post.views += 1
    post.title = 3  # wrong
    post.views = "many"  # wrong
    post.titel  # wrong
    post.views.upper()  # wrong


async def relations() -> None:
    post = await Post.includes("author", "labels").sole()
    assert_type(post.author, Author)
    assert_type(post.author.posts, list[Post])
    assert_type(post.author.profile, Profile | None)
    assert_type([label.name for label in post.labels], list[str])
    post.author = await Author.find(1)
    post.author.titel  # wrong
    post.author = "Ann"  # wrong


async def queries() -> None:
    assert_type(Post.title, Column)
    assert_type(Post.title == "x", Condition)
    assert_type((Post.title == "x") & ~Post.title.ilike("%y%"), Condition)
    assert_type(Post.where(Post.views >= 18, title="x"), Query[Post])
    assert_type(Post.where(Post.title.in_(["x"])).order(Post.title.desc()).limit(3), Query[Post])
    assert_type(await Post.where(Post.views > 1), list[Post])
    assert_type(await Post.where().first(), Post | None)
    assert_type(await Post.where().count(), int)
    assert_type(await Post.paginate(1, 20), Page[Post])
    async for post in Post.where(Post.views > 1):
        assert_type(post, Post)
    async for batch in Post.in_batches(100):
        assert_type(batch, list[Post])
    Post.group(Post.title).having(count() > 5)
    Post.limit("3")  # wrong
    Post.where().limt(3)  # wrong
    Post.title.ilke("x")  # wrong
    Post.views.ilike("x")  # wrong


class Wrong(Model):
    title: str = field(max="many")  # wrong
    views: int = "none"  # wrong
    other: str = field(unqiue=True)  # wrong
