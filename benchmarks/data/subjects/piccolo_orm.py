"""Piccolo."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import urlsplit

from piccolo.columns import BigSerial, Boolean, ForeignKey, Integer, Text, Timestamp, Timestamptz, Varchar
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.table import create_table_class

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE


class Subject:
    async def open(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_sqlite = parts.scheme == "sqlite"
        if self._is_sqlite:
            engine = SQLiteEngine(path=url.removeprefix("sqlite://"))
            self._now = datetime(2026, 11, 21, 9, 30)
        else:
            config = {
                "host": parts.hostname,
                "port": parts.port or 5432,
                "user": parts.username,
                "password": parts.password or None,
                "database": parts.path.lstrip("/"),
            }
            engine = PostgresEngine(config=config)
            self._now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
        self._engine = engine
        author = create_table_class(
            "Author",
            class_kwargs={"tablename": "authors", "db": engine},
            class_members={"id": BigSerial(primary_key=True), "name": Varchar(length=100)},
        )
        time = Timestamp if self._is_sqlite else Timestamptz
        self._posts = create_table_class(
            "Post",
            class_kwargs={"tablename": "posts", "db": engine},
            class_members={
                "id": BigSerial(primary_key=True),
                "title": Varchar(length=200),
                "body": Text(),
                "published": Boolean(),
                "views": Integer(),
                "author": ForeignKey(references=author, db_column_name="author_id"),
                "created_at": time(),
            },
        )
        if not self._is_sqlite:
            await engine.start_connection_pool(min_size=16, max_size=16)
        self._records = await self._posts.objects().where(self._posts.id <= ROWS).order_by(self._posts.id)

    async def close(self) -> None:
        if not self._is_sqlite:
            await self._engine.close_connection_pool()

    async def get(self, number: int) -> object:
        return await self._posts.objects().get(self._posts.id == number % ROWS + 1)

    async def list(self, number: int) -> object:
        return await self._listed(self._posts.objects())

    async def parent(self, number: int) -> object:
        return await self._listed(self._posts.objects(self._posts.author))

    def _listed(self, query: object) -> object:
        posts = self._posts
        return query.where(posts.published.eq(True)).order_by(posts.id, ascending=False).limit(20)

    async def insert(self, number: int) -> object:
        return await self._build(number).save()

    async def update(self, number: int) -> object:
        record = self._records[number % ROWS]
        record.views = number
        return await record.save(columns=[self._posts.views])

    async def bulk(self, number: int) -> None:
        step = 100 if self._is_sqlite else BULK  # SQLite's limit of variables
        for start in range(0, BULK, step):
            await self._posts.insert(*(self._build(index) for index in range(start, start + step)))

    async def concurrent(self, number: int) -> None:
        await asyncio.gather(*(self.get(number + index) for index in range(AT_ONCE)))

    def _build(self, number: int) -> object:
        return self._posts(
            title=TITLE, body=BODY, published=True, views=number, author=number % AUTHORS + 1, created_at=self._now
        )
