"""Transactions: whole or not at all, nested, per task, cancelled anywhere."""

# ruff: noqa: PT012  # what must fail here are transactions of several statements
from __future__ import annotations

import asyncio
import contextvars
import gc
import types
from collections.abc import AsyncIterator, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest

from spica.db import ConstraintViolation, Database, Rollback, transaction
from spica.db.errors import TransactionInOtherTask, TransactionOver
from spica.db.transaction import active_transaction
from tests.unit.db.conftest import TABLE, texts


async def insert(database: Database, text: str) -> None:
    await database.execute("insert into notes (text) values (:text)", text=text)


async def check_usable(database: Database) -> None:
    """No connection is left in a transaction, and a new one works."""
    assert active_transaction(database) is None
    async with asyncio.timeout(30):
        async with database.transaction():
            await insert(database, "usable")
        await database.execute("delete from notes where text = 'usable'")


async def test_it_commits_at_the_end(database: Database) -> None:
    async with transaction():
        await insert(database, "a")
        await insert(database, "b")
    assert await texts(database) == ["a", "b"]


async def test_an_exception_rolls_back_and_goes_on(database: Database) -> None:
    with pytest.raises(KeyError, match="why"):
        async with transaction():
            await insert(database, "a")
            raise KeyError("why")
    assert await texts(database) == []
    await check_usable(database)


async def test_rollback_undoes_and_ends_there(database: Database) -> None:
    async with transaction():
        await insert(database, "a")
        raise Rollback
    assert await texts(database) == []


async def test_it_reads_its_own_writes_and_others_do_not(file_database: Database) -> None:
    async with file_database.transaction():
        await insert(file_database, "a")
        assert await texts(file_database) == ["a"]
        assert file_database.driver.read_now("select text from notes", ()) == []
    assert file_database.driver.read_now("select text from notes", ()) == [("a",)]


async def test_a_nested_one_is_a_savepoint(database: Database) -> None:
    async with transaction():
        await insert(database, "a")
        with pytest.raises(KeyError):
            async with transaction():
                await insert(database, "b")
                async with transaction():
                    await insert(database, "c")
                raise KeyError
        async with transaction():
            await insert(database, "d")
        async with transaction():
            await insert(database, "e")
            raise Rollback
        assert await texts(database) == ["a", "d"]
    assert await texts(database) == ["a", "d"]


async def test_the_outer_failure_undoes_the_nested_success(database: Database) -> None:
    async with transaction():
        async with transaction():
            await insert(database, "a")
        raise Rollback
    assert await texts(database) == []


async def test_others_wait_for_its_end_in_order(database: Database) -> None:
    async def other(text: str) -> None:
        async with transaction():
            await insert(database, text)

    async with transaction():
        await insert(database, "first")
        waiting = [asyncio.create_task(_in_a_new_context(other, text)) for text in ("second", "third")]
        await asyncio.sleep(0)
        assert await texts(database) == ["first"]
    await asyncio.gather(*waiting)
    assert await texts(database) == ["first", "second", "third"]


async def _in_a_new_context(call: Any, *arguments: Any) -> Any:
    """Run as a request does that comes meanwhile: without this task's transaction."""
    return await asyncio.create_task(call(*arguments), context=contextvars.Context())


async def test_a_task_inside_can_not_share_it(database: Database) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with transaction(), asyncio.TaskGroup() as group:
            group.create_task(insert(database, "a"))
    assert caught.group_contains(TransactionInOtherTask, match="another task")
    assert await texts(database) == []
    await check_usable(database)


async def test_two_databases_have_transactions_of_their_own(database: Database) -> None:
    other = Database("sqlite://:memory:")
    await other.execute(TABLE)
    with pytest.raises(KeyError):
        async with database.transaction():
            await insert(database, "a")
            async with other.transaction():
                await insert(other, "b")
                async with database.transaction():
                    await insert(database, "c")
                assert active_transaction(other) is not None
            raise KeyError
    assert await texts(database) == []
    assert await texts(other) == ["b"]
    await other.close()


async def test_it_can_be_entered_once(database: Database) -> None:
    block = transaction()
    async with block:
        pass
    with pytest.raises(TransactionOver):
        async with block:
            pass
    with pytest.raises(TransactionOver):
        _ = block.session


async def test_a_deferred_constraint_fails_the_commit_and_undoes_all(database: Database) -> None:
    await database.execute("create table later (parent_id integer references notes (id) deferrable initially deferred)")
    with pytest.raises(ConstraintViolation):
        async with transaction():
            await insert(database, "a")
            await database.execute("insert into later values (99)")
    assert await texts(database) == []
    await check_usable(database)


async def test_a_generator_that_is_closed_early_rolls_back(database: Database) -> None:
    async def provider() -> AsyncIterator[str]:
        async with transaction():
            await insert(database, "a")
            yield "open"

    generator = provider()
    assert await anext(generator) == "open"
    await generator.aclose()  # type: ignore[attr-defined]
    assert await texts(database) == []
    await check_usable(database)


def test_a_transaction_lost_with_its_loop_does_not_keep_the_writer(tmp_path: Path) -> None:
    database = Database(f"sqlite://{tmp_path}/notes.db")

    async def lose() -> None:
        await database.execute(TABLE)
        session = await database.driver.begin()
        await session.write("insert into notes (text) values ('lost')", ())

    asyncio.run(lose())
    gc.collect()

    async def go_on() -> None:
        await check_usable(database)
        assert await texts(database) == []
        await database.close()

    asyncio.run(go_on())


# -- cancelled at every await -----------------------------------------------------------------------------------------


@types.coroutine
def cancelled_at(scenario: Coroutine[Any, Any, None], step: int) -> Generator[Any, Any, int]:
    """Run a coroutine and cancel the task at its `step`th suspension. Returns how many suspensions there were."""
    count = 0
    value = None
    while True:
        try:
            waited_for = scenario.send(value)
        except StopIteration:
            return count
        if count == step:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        count += 1
        try:
            value = yield waited_for
        except BaseException as problem:
            try:
                waited_for = scenario.throw(problem)
            except StopIteration:
                return count
            while True:  # what is awaited after the cancellation is not cancelled again
                try:
                    waited_for = scenario.send((yield waited_for))
                except StopIteration:
                    return count


async def flat(database: Database) -> None:
    async with database.transaction():
        await insert(database, "a")
        assert await texts(database) == ["a"]
        await insert(database, "b")


async def nested(database: Database) -> None:
    async with database.transaction():
        await insert(database, "a")
        try:
            async with database.transaction():
                await insert(database, "x")
                raise KeyError
        except KeyError:
            pass
        async with database.transaction():
            await insert(database, "b")


async def survivor(database: Database) -> None:
    """Catches the cancellation of its inner block and goes on: what the inner block did must be gone."""
    async with database.transaction():
        await insert(database, "a")
        try:
            async with database.transaction():
                await insert(database, "x")
                await insert(database, "y")
                raise KeyError
        except (KeyError, asyncio.CancelledError):
            pass
        await insert(database, "b")


@pytest.mark.parametrize("scenario", [flat, nested, survivor])
async def test_cancelled_at_every_await_it_is_whole_or_not_at_all(database: Database, scenario: Any) -> None:
    async def run(step: int) -> int:
        return await cancelled_at(scenario(database), step)

    steps = await asyncio.create_task(run(-1))
    assert steps >= 4
    for step in range(steps):
        await database.execute("delete from notes")
        task = asyncio.create_task(run(step))
        [result] = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(result, (int, asyncio.CancelledError)), f"step {step}: {result!r}"
        assert await texts(database) in ([], ["a", "b"]), f"step {step}"
        await check_usable(database)


async def test_cancelled_while_others_wait_they_go_on(database: Database) -> None:
    entered = asyncio.Event()

    async def stuck() -> None:
        async with database.transaction():
            await insert(database, "stuck")
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await entered.wait()
    waiting = [asyncio.create_task(insert(database, str(number))) for number in range(3)]
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(*waiting)
    assert await texts(database) == ["0", "1", "2"]


async def test_a_timeout_inside_rolls_back(database: Database) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), database.transaction():
            await insert(database, "a")
            await asyncio.Event().wait()
    assert await texts(database) == []
    await check_usable(database)
