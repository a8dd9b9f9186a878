"""What a model costs over the raw driver: get by id, a list of 20, insert and update on SQLite, interleaved.

Run: `python benchmarks/orm_sqlite.py [rounds]`. Raw is `sqlite3` on the same thread, with the same settings and table,
rows left as tuples: the limit. Each round runs raw and Spica one after the other; a figure is the median of the rounds,
the ratio that of the medians. CPU is that of the whole process, the writer's thread included.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from spica.db import Database, use
from spica.orm import Model, Text, Timestamps

ROWS = 1_000
COLUMNS = "id, title, body, published, views, created_at, updated_at"
TABLE = """create table posts (
    id integer primary key autoincrement, title varchar(200) not null, body text not null, published boolean not null,
    views integer not null, created_at datetime not null, updated_at datetime not null
)"""
NOW = "2026-11-21 09:30:00.000000"
BUDGETS = {"get by id": 2.0, "list of 20": 1.5, "no times": 1.5, "64 at once": 1.5, "insert": 1.5, "update": 1.5}

Step = Callable[[int], Awaitable[object]]


class Post(Model, Timestamps):
    title: str
    body: Text
    published: bool = False
    views: int = 0


class Note(Model, table="posts"):
    """The same table without its two times, which take half of what a row costs to convert."""

    title: str
    body: Text
    published: bool
    views: int


class Raw:
    """The same work on sqlite3 itself."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute(f"pragma synchronous = {synchronous}")
        self._connection.execute("pragma foreign_keys = on")

    async def get(self, number: int) -> object:
        return self._connection.execute(f"select {COLUMNS} from posts where id = ?", (number % ROWS + 1,)).fetchone()

    async def list(self, number: int) -> object:
        sql = f"select {COLUMNS} from posts where published = ? order by id desc limit ? offset ?"
        return self._connection.execute(sql, (True, 20, 0)).fetchall()

    async def list_plain(self, number: int) -> object:
        sql = (
            "select id, title, body, published, views from posts where published = ? order by id desc limit ? offset ?"
        )
        return self._connection.execute(sql, (True, 20, 0)).fetchall()

    async def insert(self, number: int) -> object:
        sql = "insert into posts (title, body, published, views, created_at, updated_at) values (?, ?, ?, ?, ?, ?)"
        return self._connection.execute(sql, ("A title", "A body " * 10, True, number, NOW, NOW)).lastrowid

    async def insert_64(self, number: int) -> object:
        return [await self.insert(number) for _ in range(64)]

    async def update(self, number: int) -> object:
        sql = "update posts set views = ?, updated_at = ? where id = ?"
        return self._connection.execute(sql, (number, NOW, number % ROWS + 1)).rowcount


class Ours:
    """The same work by a model."""

    def __init__(self) -> None:
        self._records: list[Post] = []

    async def load(self) -> None:
        self._records = await Post.where(Post.id <= ROWS).order("id")

    async def get(self, number: int) -> object:
        return await Post.find(number % ROWS + 1)

    async def list(self, number: int) -> object:
        return await Post.where(published=True).order("-id").limit(20)

    async def list_plain(self, number: int) -> object:
        return await Note.where(published=True).order("-id").limit(20)

    async def insert(self, number: int) -> object:
        return await Post(title="A title", body="A body " * 10, published=True, views=number).save()

    async def insert_64(self, number: int) -> object:
        return await asyncio.gather(*(self.insert(number) for _ in range(64)))

    async def update(self, number: int) -> object:
        record = self._records[number % ROWS]
        record.views = number
        return await record.save()


_numbers = itertools.count()  # never the same value twice: SQLite skips an update that changes nothing


async def measure(step: Step, count: int) -> tuple[float, float]:
    """Run a step many times. Returns microseconds a call, wall clock and CPU."""
    gc.collect()
    numbers = list(itertools.islice(_numbers, count))
    wall, cpu = time.perf_counter(), time.process_time()
    for number in numbers:
        await step(number)
    return (time.perf_counter() - wall) / count * 1e6, (time.process_time() - cpu) / count * 1e6


async def run(synchronous: str, rounds: int) -> None:
    """Measure every operation with one setting of `synchronous` and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        database = Database(f"sqlite://{path}?synchronous={synchronous}")
        use(database)
        await database.execute(TABLE)
        raw, ours = Raw(path, synchronous), Ours()
        for number in range(ROWS):
            await raw.insert(number)
        await ours.load()
        print(f"\nsynchronous={synchronous}, {rounds} rounds; µs a call: wall (CPU)")
        for name, count, pair in [
            ("get by id", 2_000, (raw.get, ours.get)),
            ("list of 20", 500, (raw.list, ours.list)),
            ("no times", 500, (raw.list_plain, ours.list_plain)),
            ("insert", 300, (raw.insert, ours.insert)),
            ("64 at once", 8, (raw.insert_64, ours.insert_64)),
            ("update", 300, (raw.update, ours.update)),
        ]:
            for step in pair:
                await measure(step, 5)
            results = [[await measure(step, count) for step in pair] for _ in range(rounds)]
            (raw_wall, raw_cpu), (our_wall, our_cpu) = (
                tuple(statistics.median(result[side][clock] for result in results) for clock in (0, 1))
                for side in (0, 1)
            )
            print(
                f"{name:<11} raw {raw_wall:7.1f} ({raw_cpu:6.1f})   spica {our_wall:7.1f} ({our_cpu:6.1f})"
                f"   x{our_wall / raw_wall:.2f} (x{our_cpu / raw_cpu:.2f})   budget x{BUDGETS[name]}"
            )
        await database.close()


if __name__ == "__main__":
    for mode in ("full", "off"):
        uvloop.run(run(mode, int(sys.argv[1]) if len(sys.argv) > 1 else 15))
