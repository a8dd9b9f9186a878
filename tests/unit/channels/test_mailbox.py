"""The mailbox: one thing after the other, at once where that is possible."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from spica.channels.mailbox import Mailbox
from tests.unit.channels.fakes import settle


class Work:
    """Pieces of work that note when they ran."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def plain(self, name: str) -> None:
        self.done.append(name)

    def ready(self, name: str) -> Coroutine[Any, Any, None]:
        async def run() -> None:
            self.done.append(name)

        return run()

    def waiting(self, name: str) -> Coroutine[Any, Any, None]:
        async def run() -> None:
            self.gates[name] = asyncio.Event()
            self.done.append(f"{name} begins")
            await self.gates[name].wait()
            self.done.append(f"{name} ends")

        return run()


async def test_what_does_not_wait_is_done_at_once_and_without_a_task() -> None:
    mailbox, work = Mailbox(), Work()
    before = asyncio.all_tasks()
    mailbox.put(work.plain, "a")
    mailbox.put(work.ready, "b")
    assert work.done == ["a", "b"]
    assert not mailbox.is_busy
    assert asyncio.all_tasks() == before


async def test_what_waits_begins_at_once_and_the_rest_follows_in_order() -> None:
    mailbox, work = Mailbox(), Work()
    mailbox.put(work.waiting, "a")
    mailbox.put(work.plain, "b")
    mailbox.put(work.waiting, "c")
    mailbox.put(work.ready, "d")
    assert (work.done, mailbox.waiting, mailbox.is_busy) == (["a begins"], 3, True)
    work.gates["a"].set()
    await settle()
    assert work.done == ["a begins", "a ends", "b", "c begins"]
    work.gates["c"].set()
    await settle()
    assert work.done[4:] == ["c ends", "d"]
    assert not mailbox.is_busy
    mailbox.put(work.plain, "e")
    assert work.done[-1] == "e"


async def test_what_is_put_by_the_work_itself_comes_after_it() -> None:
    mailbox, done = Mailbox(), []

    def nested(name: str) -> None:
        mailbox.put(lambda: done.append(f"after {name}"))
        done.append(name)

    mailbox.put(nested, "a")
    assert done == ["a", "after a"]
    assert not mailbox.is_busy


async def test_what_is_cancelled_makes_room_for_the_next() -> None:
    mailbox, work = Mailbox(), Work()
    task = asyncio.current_task()

    async def guarded() -> None:
        try:
            await work.waiting("a")
        except asyncio.CancelledError:
            work.done.append("cancelled")

    mailbox.put(guarded)
    mailbox.put(work.plain, "b")
    mailbox.interrupt()
    await settle()
    assert work.done == ["a begins", "cancelled", "b"]
    assert asyncio.current_task() is task
    mailbox.interrupt()  # nothing runs


async def test_holding_and_clearing() -> None:
    mailbox, work = Mailbox(), Work()
    mailbox.hold()
    for name in ("a", "b"):
        mailbox.put(work.plain, name)
    assert work.done == []
    mailbox.release()
    assert (work.done, mailbox.is_busy) == (["a", "b"], False)
    mailbox.put(work.waiting, "c")
    mailbox.put(work.plain, "d")
    mailbox.clear()
    work.gates["c"].set()
    await settle()
    assert work.done == ["a", "b", "c begins", "c ends"]


async def test_work_runs_in_a_task_of_its_own() -> None:
    mailbox, tasks = Mailbox(), []

    async def work() -> None:
        tasks.append(asyncio.current_task())
        async with asyncio.timeout(1):
            await asyncio.sleep(0)
        tasks.append(asyncio.current_task())

    me = asyncio.current_task()
    mailbox.put(work)
    assert asyncio.current_task() is me
    await settle()
    assert len(tasks) == 2
    assert tasks[0] is tasks[1] is not None
    assert tasks[0] is not me
