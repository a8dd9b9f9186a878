"""Tasks that have taken their first step."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from spica.channels.eager import start_task

name = contextvars.ContextVar("name", default="outside")


class Owner:
    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []

    def own(self, task: asyncio.Task[None], /) -> None:
        self.tasks.append(task)


async def test_what_does_not_wait_has_ended_and_is_nobodys() -> None:
    owner, seen = Owner(), []

    async def work() -> None:
        name.set("inside")
        seen.append(name.get())

    start_task(work(), owner)
    assert (seen, owner.tasks, name.get()) == (["inside"], [], "outside"), "its context is a copy"


async def test_what_waits_goes_on_as_a_task() -> None:
    owner, me = Owner(), asyncio.current_task()
    gate = asyncio.Event()

    async def work() -> None:
        assert asyncio.current_task() is not me
        async with asyncio.timeout(10):
            await gate.wait()

    start_task(work(), owner)
    assert asyncio.current_task() is me
    gate.set()
    [task] = owner.tasks
    await task


async def test_what_is_scheduled_in_the_first_step_runs_later() -> None:
    seen: list[str] = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(seen.append, "later")
        asyncio.get_running_loop().create_task(other())
        seen.append("first")

    async def other() -> None:
        seen.append("other")

    start_task(work(), Owner())
    assert seen == ["first"]
    await asyncio.sleep(0)
    assert seen == ["first", "later", "other"]


async def test_inside_each_other() -> None:
    seen: list[str] = []

    async def inner() -> None:
        seen.append("inner")

    async def outer() -> None:
        me = asyncio.current_task()
        start_task(inner(), Owner())
        assert asyncio.current_task() is me
        seen.append("outer")

    start_task(outer(), Owner())
    assert seen == ["inner", "outer"]


async def test_a_task_that_fails_is_like_any_other() -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))

    async def work() -> None:
        raise ZeroDivisionError

    start_task(work(), Owner())
    import gc

    gc.collect()
    assert [type(one) for one in told] == [ZeroDivisionError]


def test_without_a_loop_it_is_refused() -> None:
    async def work() -> None: ...

    coroutine = work()
    with pytest.raises(RuntimeError):
        start_task(coroutine, Owner())
    coroutine.close()
