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

Kind = Literal["auto", "uvloop", "asyncio"]


def new_event_loop(kind: Kind = "auto") -> asyncio.AbstractEventLoop:
    """Make an event loop.

    Args:    kind: "auto" for the fastest that this interpreter has.
    Raises:  RuntimeSettingError: uvloop is asked for by name and not installed.
    """
    if kind == "asyncio" or (kind == "auto" and uvloop is None):
        return asyncio.new_event_loop()
    if uvloop is None:
        raise RuntimeSettingError(
            "uvloop is not installed", where="[runtime] event_loop", fix='pip install uvloop, or set it to "auto"'
        )
    return _uvloop_class()()


def _uvloop_class() -> type[asyncio.AbstractEventLoop]:
    class Loop(uvloop.Loop):
        """uvloop's loop, with an instance dictionary."""

    return Loop
