"""The event loop of a worker: uvloop's where it is installed, else the standard library's.

A loop's instances must have a `__dict__`: on Python 3.11 the core starts tasks eagerly through it
(core/python/src/tasks.rs). uvloop's own class has none, a subclass has.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from spica.server.errors import RuntimeSettingError

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]  # optional: Windows and PyPy have none

Backend = Literal["auto", "uvloop", "asyncio"]


def new_event_loop(backend: Backend = "auto") -> asyncio.AbstractEventLoop:
    """Make an event loop.

    Args:    backend: "auto" for the fastest that this interpreter has.
    Raises:  RuntimeSettingError: uvloop is asked for by name and not installed.
    """
    if backend == "asyncio" or (backend == "auto" and uvloop is None):
        return asyncio.new_event_loop()
    if uvloop is None:
        raise RuntimeSettingError(
            "uvloop is not installed", where="[runtime] backend", fix='pip install uvloop, or set it to "auto"'
        )
    return _uvloop_class()()


def _uvloop_class() -> type[asyncio.AbstractEventLoop]:
    class Loop(uvloop.Loop):
        """uvloop's loop, with an instance dictionary."""

    return Loop
