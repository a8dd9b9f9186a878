"""A reload: every worker is replaced by one with new code and configuration, one by one, and no request is lost.

planning    the configuration is right     replacing
planning    it is not                      refused: nothing has changed
replacing   the new worker is ready        the old one of its place leaves; the next place
replacing   it ends, or never gets ready   refused: the old worker of its place goes on
replacing   no place is left               reloaded
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from spica.server.child import Planner, Worker
from spica.server.plan import Plan


class Reload:
    """One reload under way.

    Args:    plan: what runs now; start: starts a worker of a plan in a place; say: tells people.
    """

    def __init__(self, plan: Plan, start: Callable[[Plan, int], Worker], say: Callable[[str], None]) -> None:
        self.plan = plan
        self.candidate: Worker | None = None
        self.outcome: Literal["running", "reloaded", "refused"] = "running"
        self.error = ""
        self._began = time.monotonic()
        self._start = start
        self._say = say
        self._places: list[int] = []
        self._planner: Planner | None = Planner(plan)

    @property
    def seconds(self) -> float:
        """How long it takes so far."""
        return round(time.monotonic() - self._began, 3)

    @property
    def planner_pid(self) -> int | None:
        """The process that reads the configuration, while it does."""
        return self._planner.pid if self._planner else None

    def on_planner_end(self) -> None:
        """Take the new configuration in, and begin to replace."""
        planner, self._planner = self._planner, None
        if planner is None:
            return
        result = planner.result()
        if isinstance(result, str):
            self._refuse(result)
            return
        if result.binds != self.plan.binds:
            self._say(f"listening on {', '.join(result.binds)} needs a restart; it stays {', '.join(self.plan.binds)}")
        self.plan = result._replace(binds=self.plan.binds, pid_file=self.plan.pid_file)
        self._places = list(range(1, result.workers + 1))
        self._next()

    def on_ready(self, worker: Worker) -> None:
        """Go on to the next place if it was the worker that this reload waited for."""
        if worker is self.candidate:
            self._next()

    def on_end(self, worker: Worker, how: str) -> None:
        """Give up if the worker that this reload waited for ended."""
        if worker is self.candidate:
            self._refuse(worker.failure or f"a new worker {how} while it started")

    def _next(self) -> None:
        self.candidate = None
        if not self._places:
            self.outcome = "reloaded"
            return
        try:
            self.candidate = self._start(self.plan, self._places.pop(0))
        except OSError as error:
            self._refuse(f"no process can be started: {error}")

    def _refuse(self, error: str) -> None:
        self.candidate = None
        self.error = error
        self.outcome = "refused"
