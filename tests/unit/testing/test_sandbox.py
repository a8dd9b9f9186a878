"""A database that is rolled back, by every task of the process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica.app.application import App
from spica.db.engine import Database
from spica.db.transaction import Rollback
from spica.testing.databases import prepare, settings_for, worker_url
from spica.testing.errors import UnsafeTestDatabase
from spica.testing.sandbox import rolled_back


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite://{tmp_path / 'test.sqlite3'}")
    await database.execute("create table notes (id integer primary key, text text unique)")
    yield database
    await database.close()


async def texts(database: Database) -> list[str]:
    return [row["text"] for row in await database.query("select text from notes order by id")]


async def add(database: Database, text: str) -> None:
    await database.execute("insert into notes (text) values (:text)", text=text)


async def test_what_any_task_writes_is_seen_and_undone(database: Database) -> None:
    await add(database, "before")
    async with rolled_back(database):
        await add(database, "a")
        await asyncio.create_task(add(database, "b"))
        assert await texts(database) == ["before", "a", "b"]
        assert await asyncio.create_task(texts(database)) == ["before", "a", "b"]
        assert await database.read("select count(*) from notes", ()) == [(3,)]
        assert [rows async for rows in database.stream("select id from notes", (), size=2)] == [[(1,), (2,)], [(3,)]]
    assert await texts(database) == ["before"]


async def test_transactions_of_the_application_are_savepoints(database: Database) -> None:
    async with rolled_back(database):

        async def fail() -> None:
            async with database.transaction():
                await add(database, "undone")
                raise KeyError

        with pytest.raises(KeyError):
            await fail()
        async with database.transaction():
            await add(database, "kept")
            async with database.transaction():
                await add(database, "undone")
                raise Rollback
        assert await texts(database) == ["kept"]
    assert await texts(database) == []


async def test_an_open_transaction_is_alone(database: Database) -> None:
    async with rolled_back(database):
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def holder() -> None:
            async with database.transaction():
                await add(database, "held")
                inside.set()
                await go_on.wait()
                raise Rollback

        holding = asyncio.create_task(holder())
        await inside.wait()
        other = asyncio.create_task(add(database, "other"))
        await asyncio.sleep(0)
        assert not other.done()
        go_on.set()
        await asyncio.gather(holding, other)
        assert await texts(database) == ["other"]


async def test_a_cancelled_transaction_lets_others_go_on(database: Database) -> None:
    async with rolled_back(database):
        inside = asyncio.Event()

        async def holder() -> None:
            async with database.transaction():
                await add(database, "held")
                inside.set()
                await asyncio.Event().wait()

        holding = asyncio.create_task(holder())
        await inside.wait()
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        await add(database, "after")
        assert await texts(database) == ["after"]


def test_a_worker_has_a_file_of_its_own() -> None:
    assert worker_url("sqlite://./db/test.sqlite3", "gw0") == "sqlite://./db/test-gw0.sqlite3"
    assert worker_url("sqlite://./db.d/test?mode=x", "gw1") == "sqlite://./db.d/test-gw1?mode=x"
    assert worker_url("sqlite://:memory:", "gw0") == "sqlite://:memory:"
    assert worker_url("sqlite://./db/test.sqlite3", "") == "sqlite://./db/test.sqlite3"
    settings = App(env="test").settings
    assert settings_for(settings, "gw0") is settings


def test_a_file_that_may_hold_data_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "development.sqlite3"
    file.write_bytes(b"data")
    with pytest.raises(UnsafeTestDatabase, match=r"empty the database development\.sqlite3"):
        prepare(f"sqlite://{file}", tmp_path)
    assert file.read_bytes() == b"data"


def test_a_test_database_is_made_anew_with_the_migrations(tmp_path: Path) -> None:
    file = tmp_path / "db" / "test.sqlite3"
    (tmp_path / "db" / "migrations").mkdir(parents=True)
    (tmp_path / "db" / "migrations" / "20260101000000_create_notes.py").write_text(
        "from spica.migrations import Migration\n\n\nclass CreateNotes(Migration):\n    def change(self, m):\n"
        '        with m.create_table("notes") as t:\n            t.string("text")\n'
    )
    file.write_bytes(b"not even a database")
    prepare(f"sqlite://{file}", tmp_path)
    tables = sqlite3.connect(file).execute("select name from sqlite_master where type = 'table'").fetchall()
    assert ("notes",) in tables
    assert not (tmp_path / "db" / "schema.py").exists()
