"""What a database refuses, on every database: the error, and the message at the field."""

from __future__ import annotations

import re
import secrets

import pytest

from spica import db
from spica.db.engine import Database
from spica.db.errors import (
    BadValue,
    ColumnMissing,
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    TableMissing,
)
from tests.adapters.data.databases import Author, Book, patient

pytestmark = pytest.mark.usefixtures("tables")


async def test_a_value_that_is_taken() -> None:
    await Author.create(name="Ann", email="a@b.c")
    other = Author(name="Bob", email="a@b.c")
    assert not await other.save()
    assert other.errors.on("email") == ["has already been taken"]
    with pytest.raises(ConstraintViolation) as caught:
        await db.execute("insert into authors (name, email) values ('Cid', 'a@b.c')")
    assert (caught.value.kind, caught.value.columns) == ("unique", ("email",))
    assert "a@b.c" not in caught.value.what


async def test_a_row_that_is_not_there() -> None:
    with pytest.raises(ConstraintViolation) as caught:
        await db.execute("insert into books (title, author_id, pages) values ('x', 99, 1)")
    assert caught.value.kind == "foreign key"
    assert caught.value.columns == ({"sqlite": ()}.get(db.current().dialect, ("author_id",)))  # SQLite does not tell


async def test_a_row_that_others_point_at() -> None:
    author = await Author.create(name="Ann")
    await Book.create(title="x", author_id=author.id)
    with pytest.raises(ConstraintViolation) as caught:
        await author.destroy()
    assert caught.value.kind == "foreign key"
    assert await Author.count() == 1


async def test_a_value_that_is_missing() -> None:
    with pytest.raises(ConstraintViolation) as caught:
        await db.execute("insert into books (title, pages) values (null, 1)")
    assert (caught.value.kind, caught.value.columns) == ("not null", ("title",))


async def test_a_check_that_fails() -> None:
    with pytest.raises(ConstraintViolation) as caught:
        await Book.create(title="x", pages=-1)
    assert caught.value.kind == "check"


async def test_a_table_that_is_missing() -> None:
    with pytest.raises(TableMissing, match="nothing_here"):
        await db.query("select * from nothing_here")


async def test_a_column_that_is_missing() -> None:
    with pytest.raises(ColumnMissing, match="titel"):
        await db.query("select titel from books")


async def test_a_statement_that_is_wrong() -> None:
    with pytest.raises(DatabaseError):
        await db.query("selec 1")


async def test_a_placeholder_without_a_value() -> None:
    with pytest.raises(BadValue, match="has a placeholder :pages and no value for it"):
        await db.query("select * from books where pages = :pages")


async def test_an_integer_that_is_too_large() -> None:
    with pytest.raises(BadValue):
        await db.execute("update books set pages = :pages", pages=2**70)


async def test_the_connection_is_good_after_a_failure() -> None:
    for _ in range(12):  # more often than there are connections
        with pytest.raises(DatabaseError):
            await db.query("select titel from books")
    assert await Book.count() == 0


async def test_a_server_that_takes_no_more_connections(database: Database, database_url: str) -> None:
    if database.dialect == "sqlite":
        return
    name = f"few_{secrets.token_hex(4)}"
    if database.dialect == "postgresql":
        made, gone = f"create role {name} login password 'few' connection limit 1", f"drop role {name}"
    else:
        made = f"create user {name} identified by 'few' with max_user_connections 1"
        gone = f"drop user {name}"
        await database.execute(made)
        made = f"grant select on *.* to {name}"
    await database.execute(made)
    url = patient(re.sub(r"//[^@]*@", f"//{name}:few@", database_url))
    first, second = Database(url), Database(url)
    try:
        assert await first.query("select 1 as one") == [{"one": 1}]
        with pytest.raises(DatabaseUnavailable, match="takes no more connections"):
            await second.query("select 1")
    finally:
        await first.close()
        await second.close()
        await database.execute(gone)
