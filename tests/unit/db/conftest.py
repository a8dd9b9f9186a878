"""Databases for the tests of the engine: in memory, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica.db import Database, use

TABLE = "create table notes (id integer primary key, text varchar unique, parent_id integer references notes (id))"


@pytest.fixture(params=["memory", "file"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with the table `notes`, as the default one."""
    url = "sqlite://:memory:" if request.param == "memory" else f"sqlite://{tmp_path}/notes.db"
    database = Database(url)
    await database.execute(TABLE)
    previous = use(database)
    yield database
    use(previous)
    await database.close()


@pytest.fixture
async def file_database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database in a file, with the table `notes`."""
    database = Database(f"sqlite://{tmp_path}/notes.db")
    await database.execute(TABLE)
    yield database
    await database.close()


async def texts(database: Database) -> list[str]:
    """Every note's text, by id."""
    return [row["text"] for row in await database.query("select text from notes order by id")]
