"""SQLAlchemy's synchronous code over an asynchronous driver: greenlets that wait for an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TypeVar

from sqlalchemy.util.concurrency import greenlet_spawn, in_greenlet

from spica.db.errors import DriverMissing

T = TypeVar("T")


def run_with_loop(work: Callable[[], T]) -> T:
    """Call work() in an event loop of its own, so that what it does on connections may wait there.

    Inside of another call it is called right away; where a loop runs already, in a thread.
    """
    if in_greenlet():
        return work()

    async def spawn() -> T:
        result: T = await greenlet_spawn(work)
        return result

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(spawn())
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(spawn())).result()


def check_greenlet(extra: str) -> None:
    """Raise DriverMissing when the package that this needs is not installed."""
    if find_spec("greenlet") is None:
        raise DriverMissing(
            "migrations on a server need greenlet, which is not installed", fix=f"pip install 'spica[{extra}]'"
        )
