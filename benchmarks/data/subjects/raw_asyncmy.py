"""The limit on MariaDB: asyncmy on one connection, and its own pool where many read."""

from __future__ import annotations

import asyncio
from datetime import datetime
from urllib.parse import urlsplit

import asyncmy

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE

NOW = datetime(2026, 11, 21, 9, 30)
COLUMNS = "id, title, body, published, views, author_id, created_at"
GET = f"select {COLUMNS} from posts where id = %s"
INSERT = "insert into posts (title, body, published, views, author_id, created_at) values (%s, %s, %s, %s, %s, %s)"


class Subject:
    async def open(self, url: str) -> None:
        parts = urlsplit(url)
        options = {
            "host": parts.hostname,
            "port": parts.port or 3306,
            "user": parts.username,
            "password": parts.password or "",
            "db": parts.path.lstrip("/"),
            "autocommit": True,
        }
        self._connection = await asyncmy.connect(**options)
        self._pool = await asyncmy.create_pool(minsize=16, maxsize=16, **options)

    async def close(self) -> None:
        self._pool.close()
        await self._pool.wait_closed()
        self._connection.close()

    async def _all(self, sql: str, values: tuple[object, ...]) -> object:
        async with self._connection.cursor() as cursor:
            await cursor.execute(sql, values)
            return await cursor.fetchall()

    async def get(self, number: int) -> object:
        return await self._all(GET, (number % ROWS + 1,))

    async def list(self, number: int) -> object:
        return await self._all(
            f"select {COLUMNS} from posts where published = %s order by id desc limit %s", (True, 20)
        )

    async def parent(self, number: int) -> object:
        return await self._all(
            "select posts.id, title, body, published, views, author_id, created_at, authors.id, name from posts"
            " join authors on authors.id = author_id where published = %s order by posts.id desc limit %s",
            (True, 20),
        )

    async def insert(self, number: int) -> object:
        async with self._connection.cursor() as cursor:
            await cursor.execute(INSERT, (TITLE, BODY, True, number, number % AUTHORS + 1, NOW))
            return cursor.lastrowid

    async def update(self, number: int) -> object:
        return await self._all("update posts set views = %s where id = %s", (number, number % ROWS + 1))

    async def bulk(self, number: int) -> None:
        rows = [(TITLE, BODY, True, index, index % AUTHORS + 1, NOW) for index in range(BULK)]
        async with self._connection.cursor() as cursor:
            await cursor.executemany(INSERT, rows)

    async def concurrent(self, number: int) -> None:
        await asyncio.gather(*(self._fetch(number + index) for index in range(AT_ONCE)))

    async def _fetch(self, number: int) -> object:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(GET, (number % ROWS + 1,))
            return await cursor.fetchone()
