"""Signals of a process that serves: the wish to stop, and an end that comes even if nobody listens to the wish.

Rules of this file:
- Handlers are Python's own (signal.signal), not the loop's: they run between two instructions of the main thread, also
  while a handler of the application keeps the loop busy for ever.
- The hard end is a thread of faulthandler's, which needs neither the loop nor the interpreter lock; it writes where
  every thread was.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

INTERRUPTED = 130
STOPPING = "stopping; Ctrl-C again ends it at once\n"
# What `shutdown` hooks and cancelled handlers have after the grace, before the process is ended.
LAST_S = 0.5

Handler = Callable[[int, FrameType | None], None]


@contextlib.contextmanager
def stop_signals(stop: Callable[[], None], grace_s: float, *, is_worker: bool) -> Iterator[None]:
    """Call `stop` on the running loop for SIGTERM and SIGINT; end the process some time after the grace, come what may.

    Args:    stop: runs on the loop; grace_s: how long the stop may take; is_worker: a supervisor takes SIGINT and
             SIGHUP for its workers, because a terminal sends them to all. Without one a second SIGINT ends the process.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def on_stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            os._exit(INTERRUPTED)
        asked = True
        arm_hard_end(grace_s + LAST_S)
        loop.call_soon_threadsafe(stop)
        if number == signal.SIGINT:
            # Not print: this may run in the middle of one, whose buffer is not to be entered twice.
            os.write(2, STOPPING.encode())

    handlers: dict[int, Handler] = {signal.SIGTERM: on_stop}
    if not is_worker:
        handlers |= {signal.SIGINT: on_stop}
        if hasattr(signal, "SIGHUP"):  # Windows has none
            handlers |= {signal.SIGHUP: _on_hang_up}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def arm_hard_end(after_s: float) -> None:
    """End this process after some time with exit code 1, writing the stack of every thread to stderr before."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # a stderr without a descriptor, in tests
        faulthandler.dump_traceback_later(after_s, exit=True, file=sys.stderr)


def disarm_hard_end() -> None:
    """Take the hard end back: everything ended in time."""
    faulthandler.cancel_dump_traceback_later()


def leave_to_supervisor() -> None:
    """Ignore what a terminal sends to every process: SIGINT and SIGHUP are the supervisor's. Children don't inherit it.

    The supervisor starts workers with both blocked, so that none can come before this.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGHUP))


def _ignore(number: int, frame: FrameType | None) -> None:
    pass


def _on_hang_up(number: int, frame: FrameType | None) -> None:
    print("SIGHUP reloads a supervisor's workers, and there is none: spica server --supervise", file=sys.stderr)
