"""Spica's models."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE
from spica.db import Database, use
from spica.orm import Model, Text, belongs_to

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class Author(Model):
    name: str


class Post(Model):
    title: str
    body: Text
    published: bool
    views: int
    author: Author = belongs_to()
    created_at: datetime


class Subject:
    async def open(self, url: str) -> None:
        self._database = Database(url + ("?pool_size=16" if not url.startswith("sqlite") else ""))
        use(self._database)
        self._records = await Post.where(Post.id <= ROWS).order("id")

    async def close(self) -> None:
        await self._database.close()

    async def get(self, number: int) -> object:
        return await Post.find(number % ROWS + 1)

    async def list(self, number: int) -> object:
        return await Post.where(published=True).order("-id").limit(20)

    async def parent(self, number: int) -> object:
        return await Post.includes("author").where(published=True).order("-id").limit(20)

    async def insert(self, number: int) -> object:
        return await Post(
            title=TITLE, body=BODY, published=True, views=number, author_id=number % AUTHORS + 1, created_at=NOW
        ).save()

    async def update(self, number: int) -> object:
        record = self._records[number % ROWS]
        record.views = number
        return await record.save()

    async def bulk(self, number: int) -> None:
        await Post.insert_all(
            [
                {
                    "title": TITLE,
                    "body": BODY,
                    "published": True,
                    "views": index,
                    "author_id": index % AUTHORS + 1,
                    "created_at": NOW,
                }
                for index in range(BULK)
            ]
        )

    async def concurrent(self, number: int) -> None:
        await asyncio.gather(*(self.get(number + index) for index in range(AT_ONCE)))
