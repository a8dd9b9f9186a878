"""Peewee, which is synchronous; 64 reads run one after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from peewee import (
    BigAutoField,
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    PostgresqlDatabase,
    SqliteDatabase,
    TextField,
)

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class Author(Model):
    id = BigAutoField()
    name = CharField(max_length=100)

    class Meta:
        table_name = "authors"


class Post(Model):
    id = BigAutoField()
    title = CharField(max_length=200)
    body = TextField()
    published = BooleanField()
    views = IntegerField()
    author = ForeignKeyField(Author)
    created_at = DateTimeField()

    class Meta:
        table_name = "posts"


class Subject:
    async def open(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            self._database = SqliteDatabase(url.removeprefix("sqlite://"))
        else:
            self._database = PostgresqlDatabase(
                parts.path.lstrip("/"),
                user=parts.username,
                password=parts.password,
                host=parts.hostname,
                port=parts.port or 5432,
            )
        self._database.bind([Author, Post])
        self._database.connect()
        self._records = list(Post.select().where(Post.id <= ROWS).order_by(Post.id))

    async def close(self) -> None:
        self._database.close()

    async def get(self, number: int) -> object:
        return Post.get_by_id(number % ROWS + 1)

    async def list(self, number: int) -> object:
        return list(Post.select().where(Post.published == True).order_by(Post.id.desc()).limit(20))  # noqa: E712

    async def parent(self, number: int) -> object:
        query = Post.select(Post, Author).join(Author).where(Post.published == True)  # noqa: E712
        return list(query.order_by(Post.id.desc()).limit(20))

    async def insert(self, number: int) -> object:
        return Post.create(**self._values(number))

    async def update(self, number: int) -> object:
        record = self._records[number % ROWS]
        record.views = number
        return record.save(only=[Post.views])

    async def bulk(self, number: int) -> None:
        with self._database.atomic():
            for start in range(0, BULK, 100):
                Post.insert_many([self._values(index) for index in range(start, start + 100)]).execute()

    async def concurrent(self, number: int) -> None:
        for index in range(AT_ONCE):
            await self.get(number + index)

    def _values(self, number: int) -> dict[str, object]:
        return {
            "title": TITLE,
            "body": BODY,
            "published": True,
            "views": number,
            "author": number % AUTHORS + 1,
            "created_at": NOW,
        }
