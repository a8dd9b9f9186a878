"""Transactions that get in each other's way, on the servers: who is undone, and that trying again works."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

import pytest

from spica import db
from spica.db.driver import Isolation
from spica.db.engine import Database
from spica.db.errors import DatabaseError, StatementTimeout, TransactionConflict, TransactionOver
from tests.adapters.data.databases import Book, patient

pytestmark = pytest.mark.usefixtures("tables")


TITLES = ("Dune", "Emma")


@pytest.fixture(params=["postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The servers: on SQLite one transaction writes at a time."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(autouse=True)
async def books(tables: Database) -> None:
    for title in TITLES:
        await Book.create(title=title)


async def add(title: str) -> None:
    """Count in a book's pages: a change that was lost is seen."""
    # By the key: where no index helps, MariaDB locks all rows that it looks at.
    await db.execute("update books set pages = pages + 1 where id = :id", id=TITLES.index(title) + 1)


async def counts() -> list[int]:
    return [book.pages for book in await Book.order("title")]


def crossing(first: str, second: str, met: asyncio.Barrier) -> Callable[[], Awaitable[None]]:
    """Work that takes one row, waits for the other one to have taken its own, and then wants that."""
    waits = True

    async def work() -> None:
        nonlocal waits
        await add(first)
        if waits:
            waits = False
            await met.wait()
        await add(second)

    return work


async def test_a_deadlock_is_retried_and_both_are_done() -> None:
    met = asyncio.Barrier(2)
    async with asyncio.timeout(20):
        await asyncio.gather(
            db.run_transaction(crossing("Dune", "Emma", met), retry=3),
            db.run_transaction(crossing("Emma", "Dune", met), retry=3),
        )
    assert await counts() == [2, 2]


async def test_without_a_retry_one_of_two_is_undone_whole() -> None:
    met = asyncio.Barrier(2)
    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(
            db.run_transaction(crossing("Dune", "Emma", met)),
            db.run_transaction(crossing("Emma", "Dune", met)),
            return_exceptions=True,
        )
    assert sorted(type(outcome) for outcome in outcomes if outcome is not None) == [TransactionConflict]
    assert await counts() == [1, 1]


async def test_what_is_done_after_a_deadlock_that_was_caught_is_refused_and_never_stays() -> None:
    met = asyncio.Barrier(2)
    refused: list[BaseException] = []

    async def stubborn(first: str, second: str) -> None:
        async with db.transaction():
            try:
                await crossing(first, second, met)()
            except TransactionConflict:
                with pytest.raises(DatabaseError) as caught:
                    await Book.create(title="after")
                refused.append(caught.value)

    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(stubborn("Dune", "Emma"), stubborn("Emma", "Dune"), return_exceptions=True)
    assert [type(problem) for problem in refused] == [TransactionOver]
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [TransactionOver]
    assert await Book.where(title="after").count() == 0
    assert await counts() == [1, 1]


async def test_a_deadlock_inside_a_nested_block_undoes_the_outermost() -> None:
    met = asyncio.Barrier(2)

    async def nested(first: str, second: str) -> None:
        async with db.transaction():
            await Book.create(title=f"with {first}")
            async with db.transaction():
                await crossing(first, second, met)()

    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(nested("Dune", "Emma"), nested("Emma", "Dune"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [TransactionConflict]
    assert await Book.count() == 3
    assert await Book.where(pages=1).count() == 2


async def test_a_serialization_failure_is_retried() -> None:
    met, attempts = asyncio.Barrier(2), 0

    async def work(mine: str, other: str) -> None:
        """Write skew: each reads what the other one writes."""
        nonlocal attempts
        attempts += 1
        seen = await Book.find(TITLES.index(other) + 1)
        if attempts <= 2:
            await met.wait()
        await Book.where(id=TITLES.index(mine) + 1).update_all(pages=seen.pages + 1)

    async with asyncio.timeout(20):
        await asyncio.gather(
            db.run_transaction(lambda: work("Dune", "Emma"), retry=5, isolation="serializable"),
            db.run_transaction(lambda: work("Emma", "Dune"), retry=5, isolation="serializable"),
        )
    assert attempts > 2
    assert sorted(await counts()) == [1, 2]  # as if one had run after the other


@pytest.mark.parametrize(("isolation", "seen"), [("read committed", 3), ("repeatable read", 2)])
async def test_what_a_transaction_sees_of_others(isolation: Isolation, seen: int) -> None:
    async with db.transaction(isolation=isolation):
        assert await Book.count() == 2
        await asyncio.create_task(Book.create(title="Cid"), context=contextvars.Context())
        assert await Book.count() == seen
    await Book.create(title="afterwards")  # the isolation was that transaction's only
    assert await db.query(ISOLATION[db.current().dialect]) == [{"level": DEFAULTS[db.current().dialect]}]


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_cancelled_statement_is_stopped_at_the_server(in_transaction: bool) -> None:
    # Of its own number: another worker of the tests may run the other case just now.
    slow, running = (text.replace("20", "21" if in_transaction else "20") for text in SLOW[db.current().dialect])

    async def work() -> None:
        if not in_transaction:
            await db.query(slow)
            return
        async with db.transaction():
            await add("Dune")
            await db.query(slow)

    task = asyncio.create_task(work())
    async with asyncio.timeout(20):
        while await db.query(running) != [{"n": 1}]:  # noqa: ASYNC110  # the server gives no event
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(10):  # it would sleep for twenty
        while await db.query(running) != [{"n": 0}]:  # noqa: ASYNC110  # the server gives no event
            await asyncio.sleep(0.02)
        await add("Dune")  # nobody has its row locked
    assert await counts() == [1, 0]


async def test_a_statement_that_takes_too_long_is_stopped(database_url: str) -> None:
    database = Database(f"{patient(database_url)}&statement_timeout_ms=1000&pool_size=1")
    try:
        for _ in range(3):
            with pytest.raises(StatementTimeout):
                await database.query(LONG[database.dialect])
        assert (await database.query("select 1 as one")) == [{"one": 1}]
    finally:
        await database.close()


ISOLATION = {
    "postgresql": "select current_setting('transaction_isolation') as level",
    "mysql": "select @@tx_isolation as level",
}
DEFAULTS = {"postgresql": "read committed", "mysql": "REPEATABLE-READ"}
SLOW = {
    "postgresql": (
        "select pg_sleep(20)",
        "select count(*) as n from pg_stat_activity where query = 'select pg_sleep(20)' and state = 'active'",
    ),
    "mysql": (
        "select sleep(20) as slept",
        "select count(*) as n from information_schema.processlist where info = 'select sleep(20) as slept'",
    ),
}
LONG = {
    "postgresql": "select pg_sleep(22)",  # not what another worker of the tests counts just now
    "mysql": "select count(*) from information_schema.collations a, information_schema.collations b,"
    " information_schema.collations c",
}
