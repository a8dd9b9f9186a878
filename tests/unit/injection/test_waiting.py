"""Waiting: the bytecode says whether a function can suspend, and says it right."""

import asyncio
import functools
from typing import Any

import pytest

from spica.injection.waiting import find_kind, run_to_end


def plain() -> int:
    return 1


async def step() -> int:
    return 1


async def awaits() -> None:
    await asyncio.sleep(0)


async def awaits_in_a_branch(x: int = 0) -> None:
    if x:
        await asyncio.sleep(0)


async def enters() -> None:
    async with asyncio.Lock():
        pass


async def loops(items: Any = ()) -> None:
    async for _ in items:
        pass


async def comprehends(items: Any = ()) -> list[Any]:
    return [item async for item in items]


async def has_an_inner_function() -> object:
    async def inner() -> None:
        await asyncio.sleep(0)

    return inner


class Callable_:
    async def __call__(self) -> None:
        await asyncio.sleep(0)


@functools.wraps(step)
async def wrapper() -> int:
    return await step()


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (plain, "plain"),
        (step, "step"),
        (awaits, "task"),
        (awaits_in_a_branch, "task"),
        (enters, "task"),
        (loops, "task"),
        (comprehends, "task"),
        (has_an_inner_function, "step"),
        (Callable_(), "task"),
        (functools.partial(awaits), "task"),
        (functools.partial(step), "step"),
        (wrapper, "task"),
        (print, "plain"),
    ],
)
def test_the_kind_of_a_function(function: Any, kind: str) -> None:
    assert find_kind(function) == kind


def test_a_step_runs_to_its_end() -> None:
    assert run_to_end(step()) == 1
    with pytest.raises(RuntimeError, match="taken for one that never waits"):
        run_to_end(suspends())


async def suspends() -> None:
    await asyncio.sleep(0)
