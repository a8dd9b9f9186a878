"""The watchdog: a loop that does not get its turn is reported with the frame that keeps it.

Rules of this file:
- Without a supervisor a thread of the process looks; it wakes a few times within the limit and takes no lock.
- With one the worker tells it that it lives, and on SIGUSR1 writes its stack, which needs no turn of the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator

from spica.server.announcement import tell
from spica.server.stack import render_report

LOOKS = 4  # within the limit


@contextlib.contextmanager
def beating(loop: asyncio.AbstractEventLoop, interval_s: float, beat: Callable[[], object]) -> Iterator[None]:
    """Call `beat` on the loop, now and every so often, until the block ends."""
    timer: asyncio.TimerHandle

    def next_beat() -> None:
        nonlocal timer
        beat()
        timer = loop.call_later(interval_s, next_beat)

    next_beat()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def watched(loop: asyncio.AbstractEventLoop, limit_s: float, folder: str) -> Iterator[None]:
    """Name on stderr what keeps this thread's loop from turning for longer than `limit_s`; 0 for no watching."""
    if not limit_s:
        yield
        return
    watchdog = _Watchdog(limit_s, folder)
    watchdog.start()
    try:
        with beating(loop, watchdog.interval_s, watchdog.beat):
            yield
    finally:
        watchdog.ended.set()


class _Watchdog(threading.Thread):
    def __init__(self, limit_s: float, folder: str) -> None:
        super().__init__(name="spica-watchdog", daemon=True)
        self.interval_s = min(1.0, limit_s / LOOKS)
        self.ended = threading.Event()
        self._limit_s = limit_s
        self._folder = folder
        self._watched = threading.get_ident()
        self._beat_at = time.monotonic()

    def beat(self) -> None:
        self._beat_at = time.monotonic()

    def run(self) -> None:
        named_at = 0.0
        while not self.ended.wait(self.interval_s):
            beat_at = self._beat_at
            if time.monotonic() - beat_at < self._limit_s or beat_at == named_at:
                continue
            named_at = beat_at
            frame = sys._current_frames().get(self._watched)
            stack = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
            lines = [f'  File "{entry.filename}", line {entry.lineno} in {entry.name}' for entry in stack]
            tell(render_report("the server", self._limit_s, lines, self._folder))
