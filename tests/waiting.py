"""Waiting for what gives no event, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(is_true: Callable[[], object], timeout_s: float = 20) -> None:
    """Return as soon as it is true. Raises: TimeoutError when it does not become so."""
    async with asyncio.timeout(timeout_s):
        while not is_true():  # noqa: ASYNC110 - many things are waited for, few of them have an event
            await asyncio.sleep(0.005)
