"""The tables of TechEmpower's pages: 10,000 worlds, 12 fortunes."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.data.databases import made_database
from spica.db import Database

FORTUNES = [
    "fortune: No such file or directory",
    "A computer scientist is someone who fixes things that aren't broken.",
    "After enough decimal places, nobody gives a damn.",
    "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
    "A computer program does what you tell it to do, not what you want it to do.",
    "Emacs is a nice operating system, but I prefer UNIX. — Tom Christaensen",
    "Any program that runs right is obsolete.",
    "A list is only as strong as its weakest link. — Donald Knuth",
    "Feature: A bug with seniority.",
    "Computers make very fast, very accurate mistakes.",
    '<script>alert("This should not be displayed in a browser alert box.");</script>',
    "フレームワークのベンチマーク",
]
VARIABLE = "BENCH_DATABASE_URL"


@contextmanager
def made_pages_database(kind: str) -> Iterator[None]:
    """Make and fill a database for as long as servers run; they find its URL in BENCH_DATABASE_URL."""
    with made_database(kind) as url:
        asyncio.run(_fill(url))
        os.environ[VARIABLE] = url
        try:
            yield
        finally:
            del os.environ[VARIABLE]


async def _fill(url: str) -> None:
    database = Database(url)
    key = "integer primary key"
    try:
        await database.execute(f"create table world (id {key}, randomnumber integer not null)")
        await database.execute(f"create table fortune (id {key}, message varchar(2048) not null)")
        async with database.transaction():
            for number in range(1, 10_001):
                await database.execute(
                    "insert into world values (:id, :number)", id=number, number=random.randint(1, 10_000)
                )
            for number, message in enumerate(FORTUNES, 1):
                await database.execute("insert into fortune values (:id, :message)", id=number, message=message)
        if database.dialect == "postgresql":
            await database.execute("analyze world")
        else:
            await database.query("pragma journal_mode = wal")
    finally:
        await database.close()
