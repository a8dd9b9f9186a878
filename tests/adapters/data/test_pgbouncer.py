"""A pooler between that gives each transaction another connection of the server: `pgbouncer=true`."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from spica import db
from spica.db.engine import Database, use
from tests.adapters.data.databases import Author, Book, create_tables, empty, patient
from tests.adapters.servers import PATIENCE_S, answers, own_folder
from tests.ports import reserved_port

KEPT = "select count(*) as n from pg_prepared_statements"


@pytest.fixture
def pooler(postgresql_url: str) -> Iterator[str]:
    """A PgBouncer that pools transactions, with two connections to the server. Gives the URL of the test's database."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("Debian's pgbouncer is not installed")
    there = urlsplit(postgresql_url)
    with own_folder("postgres") as (folder, prefix), reserved_port() as port:
        (folder / "users").write_text(f'"{there.username}" "{there.password or ""}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={there.hostname} port={there.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nignore_startup_parameters = extra_float_digits\n"
        )
        process = subprocess.Popen([*prefix, program, "-q", folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not answers("127.0.0.1", str(port)):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail("pgbouncer did not start")
                time.sleep(0.05)  # a server of another process gives no event to wait for
            yield f"postgresql://{there.username}@127.0.0.1:{port}{there.path}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(patient(url))
    previous = use(database)
    try:
        yield database
    finally:
        use(previous)
        await database.close()


async def test_many_tasks_share_the_two_connections(pooler: str) -> None:
    async with opened(f"{pooler}?pgbouncer=true&pool_size=8") as database:
        await empty(database)
        await create_tables(database)

        async def work(number: int) -> None:
            author = await Author.create(name=f"author {number}")
            async with db.transaction():
                await Book.create(title=f"a {number}", author_id=author.id)
                with contextlib.suppress(db.ConstraintViolation):
                    async with db.transaction():
                        await Book.create(title="refused", author_id=author.id, pages=-1)
                await Book.create(title=f"b {number}", author_id=author.id)
            for _ in range(5):
                assert {book.title for book in await Book.where(author_id=author.id)} == {f"a {number}", f"b {number}"}
            assert await Book.where(title="nothing", pages=number).count() == 0

        await asyncio.gather(*(work(number) for number in range(40)))
        assert await Book.count() == 80
        batches = [batch async for batch in database.stream("select id from books", (), size=30)]
        assert [len(batch) for batch in batches] == [30, 30, 20]


async def test_nothing_stays_prepared(postgresql_url: str) -> None:
    async with opened(f"{postgresql_url}?pgbouncer=true&pool_size=1") as database:
        for number in range(5):
            await database.query(f"select {number} + :n as n", n=1)
        assert await database.query(KEPT) == [{"n": 0}]
    async with opened(f"{postgresql_url}?pool_size=1") as database:
        for number in range(5):
            await database.query(f"select {number} + :n as n", n=1)
        assert (await database.query(KEPT))[0]["n"] >= 5
