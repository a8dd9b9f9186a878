"""What waits for a transaction's end: after_commit, after_rollback, what objects forget."""

# ruff: noqa: PT012  # what must fail here are transactions of several statements
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from spica import db
from spica.db import ConstraintViolation, Database, Rollback, transaction
from spica.db.errors import TransactionInOtherTask
from spica.db.transaction import active_transaction
from tests.unit.db.conftest import texts


@pytest.fixture
def log() -> list[str]:
    """What ran, in order."""
    return []


async def test_after_commit_runs_after_the_outermost_commit_in_order(database: Database, log: list[str]) -> None:
    async def later() -> None:
        assert active_transaction(database) is None
        log.append(f"later {await texts(database)}")

    async with transaction() as outer:
        async with transaction() as inner:
            await database.execute("insert into notes (text) values ('a')")
            inner.after_commit(later)
            await db.after_commit(lambda: log.append("second"))
        outer.after_commit(lambda: log.append("third"))
        assert log == []
    assert log == ["later ['a']", "second", "third"]


async def test_after_commit_outside_of_a_transaction_runs_at_once(database: Database, log: list[str]) -> None:
    async def at_once() -> None:
        log.append("async")

    await db.after_commit(at_once)
    await db.after_commit(lambda: log.append("plain"))
    assert log == ["async", "plain"]


async def test_an_undone_savepoint_forgets_its_hooks_and_runs_after_rollback(
    database: Database, log: list[str]
) -> None:
    async with transaction() as outer:
        outer.after_rollback(lambda: log.append("outer undone"))
        outer.after_commit(lambda: log.append("committed"))
        async with transaction() as inner:
            async with transaction() as kept:
                kept.after_commit(lambda: log.append("never"))
                kept.after_rollback(lambda: log.append("kept undone"))
                kept.on_undo(lambda: log.append("first"))
            inner.after_commit(lambda: log.append("never"))
            inner.on_undo(lambda: log.append("second"))
            raise Rollback
        assert log == ["second", "first", "kept undone"]
    assert log == ["second", "first", "kept undone", "committed"]


async def test_a_rolled_back_whole_forgets_all(database: Database, log: list[str]) -> None:
    with pytest.raises(KeyError):
        async with transaction():
            async with transaction() as inner:
                inner.after_commit(lambda: log.append("never"))
                inner.after_rollback(lambda: log.append("undone"))
            raise KeyError
    assert log == ["undone"]


async def test_a_commit_that_fails_counts_as_undone(database: Database, log: list[str]) -> None:
    await database.execute("create table later (parent_id integer references notes (id) deferrable initially deferred)")
    with pytest.raises(ConstraintViolation):
        async with transaction() as block:
            block.after_commit(lambda: log.append("never"))
            block.after_rollback(lambda: log.append("undone"))
            await database.execute("insert into later values (99)")
    assert log == ["undone"]


async def test_all_hooks_run_and_then_what_failed_is_raised(database: Database, log: list[str]) -> None:
    def fail() -> None:
        raise KeyError("hook")

    with pytest.raises(KeyError, match="hook"):
        async with transaction() as block:
            await database.execute("insert into notes (text) values ('a')")
            block.after_commit(fail)
            block.after_commit(lambda: log.append("still"))
    assert log == ["still"]
    assert await texts(database) == ["a"]
    with pytest.raises(ExceptionGroup, match="several hooks"):
        async with transaction() as block:
            block.after_commit(fail)
            block.after_commit(fail)


async def test_cancelled_while_it_commits_the_hooks_follow_the_outcome(database: Database, log: list[str]) -> None:
    async def work() -> None:
        async with transaction() as block:
            await database.execute("insert into notes (text) values ('a')")
            block.after_commit(lambda: log.append("committed"))
            block.after_rollback(lambda: log.append("undone"))
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().call_soon(task.cancel)  # hits the first await to come: the commit's

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert (log, await texts(database)) == (["committed"], ["a"])


async def test_another_task_can_not_register(database: Database) -> None:
    async with transaction() as block:

        async def other() -> None:
            block.after_commit(lambda: None)

        with pytest.raises(TransactionInOtherTask):
            await asyncio.create_task(other())


async def test_a_lost_generator_undoes_what_objects_remember(database: Database, log: list[str]) -> None:
    async def provider() -> AsyncIterator[str]:
        async with transaction() as block:
            block.on_undo(lambda: log.append("forgotten"))
            yield "open"

    generator = provider()
    assert await anext(generator) == "open"
    await generator.aclose()  # type: ignore[attr-defined]  # it is an async generator
    assert log == ["forgotten"]
