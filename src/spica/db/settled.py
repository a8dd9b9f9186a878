"""Waiting to the end: what must not be left half-way when its task is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any


async def settled(future: asyncio.Future[Any]) -> Any:
    """Wait for a future to the end, whatever happens to the waiting task; then let the cancellation through."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as cancellation:
            cancelled = cancellation
    if cancelled is not None:
        raise cancelled from future.exception()
    return future.result()
