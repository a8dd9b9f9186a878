"""The engine: hand-written SQL with bound values, streams, the default database, errors with a sentence."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from spica import db
from spica.db import ConstraintViolation, Database, DatabaseError, NotConfigured, TableMissing
from spica.db.drivers.sqlite.background import BackgroundReaders
from spica.db.errors import BadValue, CannotOpen, ColumnMissing, DamagedDatabase, DatabaseClosed, ReadOnlyDatabase
from tests.unit.db.conftest import texts


async def test_a_query_gives_dicts_by_column(database: Database) -> None:
    assert await database.execute("insert into notes (text) values (:text)", text="a") == 1
    assert await database.query("select id, text from notes where text = :text", text="a") == [{"id": 1, "text": "a"}]
    assert await database.query("select id from notes where text = :text", text="b") == []


async def test_the_default_database_serves_the_module_functions(database: Database) -> None:
    await db.execute("insert into notes (text) values ('a')")
    assert await db.query("select count(*) as n from notes") == [{"n": 1}]
    assert db.current() is database


async def test_a_statement_that_writes_may_return_rows(database: Database) -> None:
    rows = await database.query("insert into notes (text) values (:text) returning id", text="a")
    assert rows == [{"id": 1}]
    common = "with new as (select 'b' as text) insert into notes (text) select text from new returning text"
    assert await database.query(common) == [{"text": "b"}]


@pytest.mark.parametrize("hostile", ["'", "'; drop table notes; --", '"', ":id", "?", "%s", "\\", "a\x00b", "\u2028"])
async def test_values_are_bound_whatever_they_hold(database: Database, hostile: str) -> None:
    await database.execute("insert into notes (text) values (:text)", text=hostile)
    assert await texts(database) == [hostile]


async def test_values_of_python_types_are_encoded(database: Database) -> None:
    uuid = UUID("0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")
    [row] = await database.query(
        "select :at as at, :day as day, :price as price, :token as token, :flag as flag, :tags as tags",
        at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        day=date(2026, 11, 21),
        price=Decimal("1.50"),
        token=uuid,
        flag=True,
        tags=["a"],
    )
    assert row == {
        "at": "2026-11-21 09:30:00.000000",
        "day": "2026-11-21",
        "price": "1.50",
        "token": str(uuid),
        "flag": 1,
        "tags": '["a"]',
    }


async def test_a_stream_reads_in_batches(database: Database) -> None:
    for number in range(7):
        await database.execute("insert into notes (text) values (:text)", text=str(number))
    batches = [len(batch) async for batch in database.stream("select * from notes", (), size=3)]
    assert batches == [3, 3, 1]
    async with database.transaction():
        await database.execute("insert into notes (text) values ('x')")
        assert [len(batch) async for batch in database.stream("select * from notes", (), size=5)] == [5, 3]


async def test_a_stream_that_is_left_early_leaves_nothing_open(database: Database) -> None:
    for number in range(7):
        await database.execute("insert into notes (text) values (:text)", text=str(number))
    stream = database.stream("select * from notes", (), size=3)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    assert await database.execute("delete from notes") == 7


async def test_a_stream_is_of_one_snapshot(file_database: Database) -> None:
    for number in range(4):
        await file_database.execute("insert into notes (text) values (:text)", text=str(number))
    seen = []
    async for batch in file_database.stream("select text from notes order by id", (), size=2):
        seen += [text for (text,) in batch]
        await file_database.execute("update notes set text = text || '!'")
    assert seen == ["0", "1", "2", "3"]


async def test_a_read_that_takes_long_leaves_the_loop_free(tmp_path: Path) -> None:
    database = Database(f"sqlite://{tmp_path}/slow.db?inline_read_ms=1")
    count = "with recursive n (x) as (select 1 union all select x + 1 from n where x < 400000) select count(*) from n"
    assert database.driver.read_now(count, ()) is None  # aborted by the guard
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    assert await database.read(count, ()) == [(400_000,)]
    ticking.cancel()
    assert ticks > 10
    await database.close()


ENDLESS = "with recursive n (x) as (select 1 union all select x + 1 from n) select count(*) from n"


async def test_a_long_read_that_is_cancelled_stops(tmp_path: Path) -> None:
    database = Database(f"sqlite://{tmp_path}/slow.db?inline_read_ms=1&reader_threads=1")
    reading = asyncio.create_task(database.read(ENDLESS, ()))
    await asyncio.sleep(0)  # its time on the loop's thread is over, and it waits for another
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await database.driver.read("select 1", ()) == [(1,)]  # its one thread is free again
    await database.close()


async def test_a_read_that_is_cancelled_before_its_statement_begins_stops(tmp_path: Path) -> None:
    loop, taken, cancelled = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    connect = functools.partial(sqlite3.connect, tmp_path / "slow.db", check_same_thread=False)
    readers = BackgroundReaders(connect, "slow.db", 1)

    def fetch(connection: sqlite3.Connection, sql: str, _: object) -> object:
        loop.call_soon_threadsafe(taken.set)
        cancelled.wait()
        return connection.execute(sql).fetchall()

    reading = asyncio.create_task(readers.read(fetch, ENDLESS, ()))
    await taken.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    cancelled.set()
    assert await readers.read(lambda connection, sql, _: connection.execute(sql).fetchall(), "select 1", ()) == [(1,)]
    readers.close()


async def test_short_reads_do_not_suspend(database: Database) -> None:
    reading = database.read("select 1", ())
    with pytest.raises(StopIteration) as done:
        reading.send(None)
    assert done.value.value == [(1,)]


@pytest.mark.parametrize(
    ("sql", "values", "kind", "says"),
    [
        ("select * from nots", {}, TableMissing, "run: spica db migrate"),
        ("select txt from notes", {}, ColumnMissing, "no column 'txt'"),
        ("insert into notes (txt) values (1)", {}, ColumnMissing, "no column 'txt'"),
        ("select :id", {}, BadValue, ":id"),
        ("select :id", {"id": 2**70}, BadValue, "too large"),
        ("select :id", {"id": object()}, BadValue, "not supported"),
        ("select :id", {"id": "\ud800"}, BadValue, "surrogates"),
        ("selec 1", {}, DatabaseError, "syntax error"),
        ("begin", {}, DatabaseError, "async with transaction()"),
        ("  COMMIT", {}, DatabaseError, "async with transaction()"),
    ],
)
async def test_a_statement_that_can_not_run_says_why(
    database: Database, sql: str, values: dict[str, object], kind: type[DatabaseError], says: str
) -> None:
    for run in (database.query, database.execute):
        with pytest.raises(kind) as caught:
            await run(sql, **values)
        assert says in str(caught.value)
        assert sql in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "kind", "columns"),
    [
        ("insert into notes (text) values ('a')", "unique", ("text",)),
        ("insert into notes (id) values (1)", "unique", ("id",)),
        ("insert into notes (parent_id) values (99)", "foreign key", ()),
        ("insert into strict_notes (text) values (null)", "not null", ("text",)),
        ("insert into strict_notes (text) values ('')", "check", ()),
    ],
)
async def test_a_constraint_says_which_and_where(
    database: Database, sql: str, kind: str, columns: tuple[str, ...]
) -> None:
    await database.execute("insert into notes (text) values ('a')")
    await database.execute("create table strict_notes (text varchar not null check (text <> ''))")
    with pytest.raises(ConstraintViolation) as caught:
        await database.execute(sql)
    assert caught.value.kind == kind
    assert caught.value.columns == columns


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.query("select 1")
    await database.close()
    calls: list[Callable[[], object]] = [
        lambda: database.query("select 1"),
        lambda: database.read("select 1", ()),
        lambda: database.execute("delete from notes"),
    ]
    for call in calls:
        with pytest.raises(DatabaseClosed):
            await call()  # type: ignore[misc]
    with pytest.raises(DatabaseClosed):
        async with database.transaction():
            pass


async def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite://{tmp_path}/no/such/notes.db")
    with pytest.raises(CannotOpen, match=r"no/such/notes\.db"):
        await database.query("select 1")
    with pytest.raises(CannotOpen, match=r"no/such/notes\.db"):
        await database.execute("create table a (b)")
    await database.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"this is no database, but long enough to look like a header of one" * 20)
    database = Database(f"sqlite://{tmp_path}/notes.db")
    with pytest.raises(DamagedDatabase, match=r"notes\.db"):
        await database.query("select 1")
    await database.close()


async def test_writing_where_only_reading_is_allowed_says_so(file_database: Database) -> None:
    with pytest.raises(ReadOnlyDatabase, match="can't be written"):
        await file_database.driver.read("delete from notes", ())  # through a connection that reads


def test_without_a_database_the_error_says_how_to_get_one() -> None:
    previous = db.use(None)
    try:
        with pytest.raises(NotConfigured) as caught:
            db.current()
    finally:
        db.use(previous)
    assert "config/database.toml" in caught.value.fix


async def test_a_commit_is_on_the_disk_before_it_is_reported(file_database: Database) -> None:
    async with file_database.transaction() as transaction:
        assert await transaction.session.read("pragma synchronous", ()) == [(2,)]  # FULL
        assert await transaction.session.read("pragma journal_mode", ()) == [("wal",)]
        assert await transaction.session.read("pragma foreign_keys", ()) == [(1,)]


async def test_one_database_serves_several_loops(tmp_path: Path) -> None:
    database = Database(f"sqlite://{tmp_path}/loops.db")
    await database.execute("create table notes (id integer primary key, text varchar)")

    def in_a_loop_of_its_own() -> None:
        asyncio.run(_insert_in_transaction(database))

    await asyncio.gather(*(asyncio.to_thread(in_a_loop_of_its_own) for _ in range(4)))
    assert await database.query("select count(*) as n from notes") == [{"n": 8}]
    await database.close()


async def _insert_in_transaction(database: Database) -> None:
    async with database.transaction():
        await database.execute("insert into notes (text) values ('a')")
        await asyncio.sleep(0)
        await database.execute("insert into notes (text) values ('b')")
