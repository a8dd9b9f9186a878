"""The limit on PostgreSQL: asyncpg with prepared statements on one connection, and its own pool where many read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
COLUMNS = "id, title, body, published, views, author_id, created_at"
GET = f"select {COLUMNS} from posts where id = $1"


class Subject:
    async def open(self, url: str) -> None:
        self._connection = connection = await asyncpg.connect(url)
        self._pool = await asyncpg.create_pool(url, min_size=16, max_size=16)
        prepare = connection.prepare
        self._get = await prepare(GET)
        self._list = await prepare(f"select {COLUMNS} from posts where published = $1 order by id desc limit $2")
        self._parent = await prepare(
            "select posts.id, title, body, published, views, author_id, created_at, authors.id, name from posts"
            " join authors on authors.id = author_id where published = $1 order by posts.id desc limit $2"
        )
        into = "insert into posts (title, body, published, views, author_id, created_at)"
        self._insert = await prepare(f"{into} values ($1, $2, $3, $4, $5, $6) returning id")
        self._bulk = (
            f"{into} select * from unnest($1::text[], $2::text[], $3::bool[], $4::int[], $5::int[], $6::timestamptz[])"
        )
        self._update = await prepare("update posts set views = $1 where id = $2")

    async def close(self) -> None:
        await self._pool.close()
        await self._connection.close()

    async def get(self, number: int) -> object:
        return await self._get.fetchrow(number % ROWS + 1)

    async def list(self, number: int) -> object:
        return await self._list.fetch(True, 20)

    async def parent(self, number: int) -> object:
        return await self._parent.fetch(True, 20)

    async def insert(self, number: int) -> object:
        return await self._insert.fetchval(TITLE, BODY, True, number, number % AUTHORS + 1, NOW)

    async def update(self, number: int) -> object:
        return await self._update.fetch(number, number % ROWS + 1)

    async def bulk(self, number: int) -> None:
        columns = zip(*((TITLE, BODY, True, index, index % AUTHORS + 1, NOW) for index in range(BULK)), strict=True)
        await self._connection.execute(self._bulk, *map(list, columns))

    async def concurrent(self, number: int) -> None:
        await asyncio.gather(*(self._pool.fetchrow(GET, (number + index) % ROWS + 1) for index in range(AT_ONCE)))
