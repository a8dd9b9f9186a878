"""The event loop of a worker: uvloop's where it is installed, else the standard library's.

A loop's instances must have a `__dict__`: on Python 3.11 the core starts tasks eagerly through it
(core/python/src/tasks.rs). uvloop's own class has none, a subclass has.
"""

from __future__ import annotations

import asyncio

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]  # optional: Windows and PyPy have none


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make the fastest loop that this interpreter has."""
    if uvloop is None:
        return asyncio.new_event_loop()
    return _uvloop_class()()


def _uvloop_class() -> type[asyncio.AbstractEventLoop]:
    class Loop(uvloop.Loop):
        """uvloop's loop, with an instance dictionary."""

    return Loop
