"""Tests that are rolled back, on every database: the sandbox, factories in it, real sockets, a worker's database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica import App, db
from spica.db.engine import Database
from spica.testing.databases import prepare, worker_url
from spica.testing.errors import UnsafeTestDatabase
from spica.testing.factory import Factory, reference, sequence
from spica.testing.live import running_client
from spica.testing.sandbox import rolled_back
from tests.adapters.data.databases import Author, Book, patient


class AuthorFactory(Factory[Author]):
    name = "Somebody"
    email = sequence("author-{n}@example.com")


class BookFactory(Factory[Book]):
    title = sequence("Book {n}")
    author_id = reference(AuthorFactory)


@pytest.fixture
async def sandbox(tables: Database) -> AsyncIterator[Database]:
    """The database, in which one author was before."""
    await Author.create(name="before", email="before")
    async with rolled_back(tables):
        yield tables


async def names() -> list[str]:
    return [author.name for author in await Author.order("id")]


async def test_what_a_test_does_is_undone(tables: Database) -> None:
    async with rolled_back(tables):
        await asyncio.gather(*(AuthorFactory.create() for _ in range(5)))
        await BookFactory.create()
        assert (await Author.count(), await Book.count()) == (6, 1)
    assert (await Author.count(), await Book.count()) == (0, 0)


async def test_transactions_of_the_application_are_savepoints(sandbox: Database) -> None:
    async with db.transaction():
        await AuthorFactory.create(name="kept")
        async with db.transaction():
            await AuthorFactory.create(name="undone")
            raise db.Rollback
    async with db.transaction():
        await AuthorFactory.create(name="undone")
        raise db.Rollback
    assert await names() == ["before", "kept"]


async def test_a_refused_statement_undoes_itself_only(sandbox: Database) -> None:
    await AuthorFactory.create(name="first")
    author = Author(name="refused", email="before")
    assert not await author.save()
    with pytest.raises(db.ConstraintViolation):
        await db.execute("insert into authors (name, email) values ('refused', 'before')")
    with pytest.raises(db.DatabaseError):
        await db.query("selec 1")
    with pytest.raises(db.TableMissing):
        await db.query("select 1 from nothing_here")
    await AuthorFactory.create(name="second")
    assert await names() == ["before", "first", "second"]


async def test_many_rows_at_once(sandbox: Database) -> None:
    assert await Author.insert_all([{"name": f"{n}"} for n in range(1_100)]) == 1_100
    assert await Author.count() == 1_101


async def test_a_cancelled_task_does_not_take_the_test_along(sandbox: Database) -> None:
    async def work() -> None:
        async with db.transaction():
            await AuthorFactory.create(name="undone")
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    await AuthorFactory.create(name="after")
    assert await names() == ["before", "after"]


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_statement_that_is_cancelled_does_not_either(sandbox: Database, in_transaction: bool) -> None:
    slow = {"postgresql": "select pg_sleep(0.2)", "mysql": "select sleep(0.2)"}.get(sandbox.dialect, "select 1")

    async def work() -> None:
        if in_transaction:
            async with db.transaction():
                await AuthorFactory.create(name="undone")
                await db.query(slow)
                await asyncio.Event().wait()
        await db.query(slow)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    await AuthorFactory.create(name="after")
    assert await names() == ["before", "after"]


@pytest.mark.parametrize("live", [False, True])
async def test_requests_see_what_the_test_made_and_are_undone_with_it(tables: Database, live: bool) -> None:
    app = App()

    @app.get("/authors")
    async def index() -> list[str]:
        return await names()

    @app.post("/authors")
    async def create() -> list[str]:
        async with db.transaction():
            await AuthorFactory.create(name="by a request")
        return await names()

    async with rolled_back(tables), running_client(app, live=live) as client:
        await AuthorFactory.create(name="by the test")
        assert (await client.get("/authors")).json() == ["by the test"]
        assert (await client.post("/authors")).json() == ["by the test", "by a request"]
        assert len(await names()) == 2
    assert await names() == []


async def test_a_worker_has_a_database_of_its_own_with_the_migrations(database_url: str, tmp_path: Path) -> None:
    url = worker_url(database_url, "gw7")
    assert url != database_url
    (tmp_path / "db" / "migrations").mkdir(parents=True)
    (tmp_path / "db" / "migrations" / "20260101000000_create_notes.py").write_text(
        "from spica.migrations import Migration\n\n\nclass CreateNotes(Migration):\n    def change(self, m):\n"
        '        with m.create_table("notes") as t:\n            t.string("text")\n'
    )
    if database_url.startswith("sqlite"):
        url = url.replace("adapters", "test")
    prepare(url, tmp_path)
    worker = Database(url if url.startswith("sqlite") else patient(url))
    try:
        async with rolled_back(worker):
            await worker.execute("insert into notes (text) values ('a')")
            assert await worker.query("select text from notes") == [{"text": "a"}]
        assert await worker.query("select text from notes") == []
    finally:
        await worker.close()
        if not url.startswith("sqlite"):
            from spica.migrations.runner import Runner

            Runner(url, tmp_path, tmp_path / "schema.py").drop()


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_a_database_that_may_hold_data_is_refused(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeTestDatabase, match="empty the database production"):
        prepare(f"{scheme}://localhost/production", tmp_path)
