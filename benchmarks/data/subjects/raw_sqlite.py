"""The limit on SQLite: the standard library's driver in place, rows left as tuples."""

from __future__ import annotations

import sqlite3

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE
from benchmarks.data.tables import NOW

COLUMNS = "id, title, body, published, views, author_id, created_at"
INSERT = "insert into posts (title, body, published, views, author_id, created_at) values (?, ?, ?, ?, ?, ?)"
PARENT = (
    "select posts.id, title, body, published, views, author_id, created_at, authors.id, name from posts"
    " join authors on authors.id = author_id where published = ? order by posts.id desc limit ?"
)


class Subject:
    async def open(self, url: str) -> None:
        self._connection = sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None)

    async def close(self) -> None:
        self._connection.close()

    async def get(self, number: int) -> object:
        sql = f"select {COLUMNS} from posts where id = ?"
        return self._connection.execute(sql, (number % ROWS + 1,)).fetchone()

    async def list(self, number: int) -> object:
        sql = f"select {COLUMNS} from posts where published = ? order by id desc limit ?"
        return self._connection.execute(sql, (True, 20)).fetchall()

    async def parent(self, number: int) -> object:
        return self._connection.execute(PARENT, (True, 20)).fetchall()

    async def insert(self, number: int) -> object:
        return self._connection.execute(INSERT, (TITLE, BODY, True, number, number % AUTHORS + 1, NOW)).lastrowid

    async def update(self, number: int) -> object:
        sql = "update posts set views = ? where id = ?"
        return self._connection.execute(sql, (number, number % ROWS + 1)).rowcount

    async def bulk(self, number: int) -> None:
        rows = [(TITLE, BODY, True, index, index % AUTHORS + 1, NOW) for index in range(BULK)]
        self._connection.execute("begin immediate")
        self._connection.executemany(INSERT, rows)
        self._connection.execute("commit")

    async def concurrent(self, number: int) -> None:
        for index in range(AT_ONCE):
            await self.get(number + index)
