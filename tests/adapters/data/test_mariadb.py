"""What is MariaDB's own: counts of rows, implicit commits, strictness, zones, prepared statements, local sockets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from spica import db
from spica.db.drivers.mysql import connection
from spica.db.engine import Database
from spica.db.errors import BadValue, ConstraintViolation, DatabaseError, TransactionOver
from tests.adapters.data.databases import Author, Book, Sample, patient

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def database_url(mariadb_url: str) -> str:
    return mariadb_url


async def one(sql: str, **values: object) -> Any:
    ((value,),) = [row.values() for row in await db.query(sql, **values)]
    return value


async def test_an_update_that_changes_nothing_has_found_its_rows() -> None:
    book = await Book.create(title="Emma", pages=3)
    assert await Book.where(id=book.id).update_all(pages=3) == 1
    assert await db.execute("update books set pages = 3 where title = 'Emma'") == 1
    assert await db.execute("update books set pages = 3 where title = 'nothing'") == 0


async def test_how_many_rows_an_insert_inserted() -> None:
    rows = [{"name": name, "email": name} for name in "abc"]
    assert await Author.insert_all(rows) == 3
    assert await Author.insert_all(rows, on_conflict="ignore") == 0
    assert await Author.insert_all([*rows, {"name": "d", "email": "d"}], on_conflict="ignore") == 1
    assert await Author.insert_all(rows[:1], on_conflict="ignore") == 0
    assert await Author.insert_all([{"name": "e", "email": "e"}], on_conflict="ignore") == 1
    assert await Author.count() == 5


async def test_ignoring_conflicts_does_not_ignore_wrong_values() -> None:
    with pytest.raises(BadValue):
        await Author.insert_all([{"name": "x" * 300, "email": "x"}], on_conflict="ignore")
    with pytest.raises(ConstraintViolation):
        await Book.insert_all([{"title": "x", "pages": -1}], on_conflict="ignore")


async def test_an_upsert_sets_what_is_given() -> None:
    await Author.upsert({"name": "Ann", "email": "a"}, by="email")
    await Author.upsert({"name": "Anna", "email": "a"}, by="email")
    assert [(author.name, author.email) for author in await Author.all()] == [("Anna", "a")]


async def test_returning_of_hand_written_sql() -> None:
    rows = await db.query("insert into books (title, pages) values ('a', 1), ('b', 2) returning id, title")
    assert [row["title"] for row in rows] == ["a", "b"]


async def test_a_statement_that_commits_ends_the_transaction_and_says_so() -> None:
    async def work() -> None:
        async with db.transaction():
            await Author.create(name="Ann")
            await db.execute("create table others (id integer)")
            await Author.create(name="Bob")

    with pytest.raises(TransactionOver, match="committed by a statement"):
        await work()
    assert [author.name for author in await Author.all()] == ["Ann"]

    async def last() -> None:
        async with db.transaction():
            await db.execute("drop table others")

    with pytest.raises(TransactionOver, match="committed by a statement"):
        await last()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into authors (name) values (repeat('x', 201))",
        "insert into books (title, pages) values ('x', 'many')",
        "insert into books (title, pages) values ('x', 99999999999999999999)",
        "update samples set birthday = '2026-02-30' where 1 = 1",
        "insert into samples (birthday) values ('0000-00-00')",
        "insert into samples (amount) values ('1e40')",
        "insert into samples (color) values (repeat('x', 21))",
    ],
)
async def test_what_does_not_fit_is_refused_and_never_cut(statement: str) -> None:
    await Sample.create()
    with pytest.raises(BadValue):
        await db.execute(statement)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
async def test_a_number_that_it_can_not_store_is_said_at_the_field(number: float) -> None:
    sample = Sample(fraction=number)
    assert not await sample.save()
    assert "can't store" in str(sample.errors.on("fraction"))


@pytest.mark.parametrize("value", [object(), {1, 2}, (1, 2), range(3)])
async def test_a_value_of_no_type_of_a_database_is_refused(value: object) -> None:
    with pytest.raises(BadValue, match=type(value).__name__):
        await db.query("select :x as x", x=value)


async def test_a_text_that_is_no_unicode_is_refused_and_the_connection_stays(database: Database) -> None:
    async with db.transaction():
        await Author.create(name="Ann")
        with pytest.raises(BadValue, match="surrogates"):
            await db.execute("insert into authors (name) values (:name)", name="\ud800")
        await Author.create(name="Bob")
    assert await Author.count() == 2


async def test_sessions_are_in_utc_strict_and_in_utf8mb4() -> None:
    now = await one("select now(6)")
    assert abs((datetime.now(UTC).replace(tzinfo=None) - now).total_seconds()) < 5
    assert "STRICT_ALL_TABLES" in await one("select @@sql_mode")
    assert await one("select @@character_set_connection") == "utf8mb4"


async def test_a_column_that_a_migration_changed_is_read_by_its_new_type() -> None:
    await Book.create(title="Emma", pages=3)
    sql = "select pages from books"
    for _ in range(3):
        assert await db.query(sql) == [{"pages": 3}]
    await db.execute("alter table books drop constraint some_pages, modify pages varchar(20) not null")
    for _ in range(3):
        assert await db.query(sql) == [{"pages": "3"}]
    await db.execute("alter table books add column more integer not null default 7")
    assert (await db.query("select * from books"))[0]["more"] == 7


async def test_more_statements_than_are_kept(monkeypatch: pytest.MonkeyPatch, mariadb_url: str) -> None:
    monkeypatch.setattr(connection, "MAX_PREPARED", 8)
    database = Database(patient(f"{mariadb_url}?pool_size=1"))
    try:
        for number in range(50):
            assert await database.query(f"select {number} + :n as n", n=1) == [{"n": number + 1}]
        kept = await database.query("show session status like 'Prepared_stmt_count'")
        open_statements = await database.query(
            "select variable_value as n from information_schema.session_status where variable_name = 'com_stmt_close'"
        )
        assert kept is not None
        assert int(open_statements[0]["n"]) >= 40
    finally:
        await database.close()


async def test_what_can_not_be_prepared_is_run_all_the_same() -> None:
    await db.execute("create procedure count_books() select count(*) from books")
    await db.execute("drop procedure count_books")
    await db.execute(
        "create trigger shout before insert on authors for each row set new.name = upper(new.name)",
    )
    await Author.create(name="ann")
    assert [author.name for author in await Author.all()] == ["ANN"]


async def test_two_statements_at_once_are_refused() -> None:
    with pytest.raises(DatabaseError):
        await db.execute("select 1; drop table authors")
    assert await Author.count() == 0


@pytest.mark.parametrize("rows", [0, 1, 3, 4, 9])
async def test_a_stream_whose_last_batch_is_full_or_empty(tables: Database, rows: int) -> None:
    await Author.insert_all([{"name": str(number)} for number in range(rows)])
    batches = [batch async for batch in tables.stream("select id, name from authors order by id", (), size=3)]
    assert [name for batch in batches for _, name in batch] == [str(number) for number in range(rows)]
    assert all(len(batch) == 3 for batch in batches[:-1])


async def test_a_stream_has_values_types_and_one_snapshot(tables: Database) -> None:
    moment = datetime(2026, 11, 21, 9, 30, 0, 123456)
    for number in range(4):
        await Sample.create(whole=number, moment=moment.replace(tzinfo=UTC), octets=b"\0\xff")
    stream = tables.stream("select whole, moment, octets from samples where whole > ? order by id", (0,), size=1)
    seen = await anext(stream)
    await Sample.where(whole=3).delete_all()
    assert [*seen, *[row async for batch in stream for row in batch]] == [
        (number, moment, b"\0\xff") for number in (1, 2, 3)
    ]


async def test_a_stream_that_is_cancelled_holds_nothing(mariadb_url: str) -> None:
    database = Database(patient(f"{mariadb_url}?pool_size=1&acquire_timeout_ms=20000"))

    async def work() -> None:
        async for _ in database.stream("select sleep(10) as n union all select 2", (), size=1):
            pass

    try:
        for _ in range(3):
            task = asyncio.create_task(work())
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.wait([task])
            assert await database.query("select 1 as n") == [{"n": 1}]
    finally:
        await database.close()


async def test_a_local_socket(mariadb_url: str) -> None:
    path = await one("select @@socket")
    name = mariadb_url.rpartition("/")[2]
    database = Database(f"mariadb://root@/{name}?host={path}")
    try:
        assert await database.query("select 1 as n") == [{"n": 1}]
    except DatabaseError as problem:  # the server is another machine's, or root may not come by its socket
        pytest.skip(str(problem))
    finally:
        await database.close()


async def test_a_constraint_on_several_columns_and_the_primary_key() -> None:
    await db.execute("create table seats (`row` integer, number integer, primary key (`row`, number))")
    await db.execute("insert into seats values (1, 2)")
    with pytest.raises(ConstraintViolation) as caught:
        await db.execute("INSERT INTO `seats` (`row`, number) VALUES (:a, :b)", a=1, b=2)
    assert (caught.value.kind, caught.value.table, caught.value.columns) == ("unique", "seats", ("row", "number"))
