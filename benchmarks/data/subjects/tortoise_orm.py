"""Tortoise."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from tortoise import Tortoise, fields
from tortoise.models import Model

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class Author(Model):
    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=100)

    class Meta:
        table = "authors"


class Post(Model):
    id = fields.BigIntField(primary_key=True)
    title = fields.CharField(max_length=200)
    body = fields.TextField()
    published = fields.BooleanField()
    views = fields.IntField()
    author = fields.ForeignKeyField("models.Author")
    created_at = fields.DatetimeField()

    class Meta:
        table = "posts"


class Subject:
    async def open(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        schemes = {"sqlite": "sqlite", "postgresql": "asyncpg", "mysql": "mysql"}
        options = "" if scheme == "sqlite" else "?minsize=16&maxsize=16"
        await Tortoise.init(db_url=f"{schemes[scheme]}://{rest}{options}", modules={"models": [__name__]}, use_tz=True)
        self._records = await Post.filter(id__lte=ROWS).order_by("id")

    async def close(self) -> None:
        await Tortoise.close_connections()

    async def get(self, number: int) -> object:
        return await Post.get(id=number % ROWS + 1)

    async def list(self, number: int) -> object:
        return await Post.filter(published=True).order_by("-id").limit(20)

    async def parent(self, number: int) -> object:
        return await Post.filter(published=True).order_by("-id").limit(20).select_related("author")

    async def insert(self, number: int) -> object:
        return await self._build(number).save()

    async def update(self, number: int) -> object:
        record = self._records[number % ROWS]
        record.views = number
        return await record.save(update_fields=["views"])

    async def bulk(self, number: int) -> None:
        await Post.bulk_create([self._build(index) for index in range(BULK)])

    async def concurrent(self, number: int) -> None:
        await asyncio.gather(*(self.get(number + index) for index in range(AT_ONCE)))

    def _build(self, number: int) -> Post:
        return Post(
            title=TITLE, body=BODY, published=True, views=number, author_id=number % AUTHORS + 1, created_at=NOW
        )
