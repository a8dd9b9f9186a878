"""spica.presence.pump: what is due soon is done once for all who ask."""

from __future__ import annotations

import asyncio
import logging

import pytest

from spica.presence.pump import Pump


async def test_all_who_stir_it_in_one_round_are_one_run() -> None:
    runs: list[int] = []
    waiting: list[int] = []

    async def work() -> None:
        runs.append(len(waiting))
        waiting.clear()

    pump = Pump(work, 0.01)
    for number in range(5):
        waiting.append(number)
        pump.stir()
    assert runs == []
    await asyncio.sleep(0)
    assert runs == [5]
    waiting.append(6)
    pump.stir()
    await asyncio.sleep(0)
    assert runs == [5], "not again at once"
    async with asyncio.timeout(30):
        while len(runs) < 2:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
    assert runs == [5, 1]


async def test_at_rest_it_has_no_task_and_runs_again_when_stirred() -> None:
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    pump = Pump(work, 0.0)
    for _ in range(2):
        pump.stir()
        await asyncio.wait_for(ran.wait(), 30)
        ran.clear()
        async with asyncio.timeout(30):
            while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)


async def test_a_failure_is_logged_and_the_next_run_comes(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            pump.stir()
            raise ZeroDivisionError

    pump = Pump(work, 0.0)
    with caplog.at_level(logging.ERROR, "spica.presence"):
        pump.stir()
        async with asyncio.timeout(30):
            while len(runs) < 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
    assert "ZeroDivisionError" in caplog.text


async def test_what_is_stopped_leaves_its_work_undone() -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    pump = Pump(work, 0.0)
    pump.stop()
    pump.stir()
    pump.stop()
    await asyncio.sleep(0.01)
    assert runs == []
