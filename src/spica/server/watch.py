"""The supervisor's side of the watchdog: a silent worker is asked for its stack, named, and killed in the end."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable

from spica.server.child import Worker
from spica.server.plan import Plan
from spica.server.stack import render_report

ANSWER_S = 0.2  # for the stack to be written and read; a signal handler in C writes it


def watch_worker(worker: Worker, plan: Plan, now: float, say: Callable[[str], None]) -> None:
    """Look at one serving worker.

    Args:    plan: how long it may be silent; now: the monotonic clock; say: tells people.
    """
    silent_s = now - worker.heard_at
    if silent_s < plan.watchdog_s:
        return
    if worker.asked_at == math.inf:
        worker.asked_at = now
        worker.stack.clear()
        worker.send(signal.SIGUSR1)
    elif not worker.is_named and now >= worker.asked_at + ANSWER_S:
        worker.is_named = True
        say(render_report(str(worker), plan.watchdog_s, worker.stack, plan.typed.folder))
    if plan.watchdog_kill_s and silent_s >= plan.watchdog_kill_s and worker.kill_at == math.inf:
        say(f"{worker} has not answered for {silent_s:.0f} s and is killed")
        worker.heard_at = math.inf
        worker.send(signal.SIGKILL)
