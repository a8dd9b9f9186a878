"""The watchdog of a single process, on a loop of the test's own."""

from __future__ import annotations

import asyncio
import time

import pytest

from spica.server.watchdog import beating, watched


async def test_a_loop_that_turns_is_not_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with watched(asyncio.get_running_loop(), 1.0, "/"):
        for _ in range(30):
            await asyncio.sleep(0.05)
    assert capfd.readouterr().err == ""


async def test_a_blocked_loop_is_reported_once_with_its_frame(capfd: pytest.CaptureFixture[str]) -> None:
    with watched(asyncio.get_running_loop(), 0.1, __file__.rpartition("/")[0]):
        block(1.5)
    said = capfd.readouterr().err
    assert said.count("has not answered") == 1
    first, second = said.splitlines()[:2]
    assert first.startswith("the server has not answered for 0.1 s, blocked at test_watchdog.py:")
    assert first.endswith(" in block")
    assert second.endswith(" in block")


async def test_beats_come_until_the_end_of_the_block() -> None:
    beats: list[None] = []
    enough = asyncio.Event()

    def beat() -> None:
        beats.append(None)
        if len(beats) == 3:
            enough.set()

    with beating(asyncio.get_running_loop(), 0.001, beat):
        await asyncio.wait_for(enough.wait(), 30)
    count = len(beats)
    await asyncio.sleep(0.02)
    assert len(beats) == count


def block(seconds: float) -> None:
    time.sleep(seconds)
