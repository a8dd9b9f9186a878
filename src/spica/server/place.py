"""A worker's place: who is in it, and how long it stays empty after someone ended."""

from __future__ import annotations

from spica.server.child import Worker

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
# Who served this long had started well: its end says nothing about the next one's start.
PROVEN_S = 2.0


class Place:
    """One of a supervisor's N places."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.retry_at = 0.0
        self._failures = 0

    def note_end(self, worker: Worker, now: float) -> float:
        """Note that its worker ended, and decide when the next one starts.

        Returns: the seconds to wait: 0 the first time, then twice as long each time, at most LONGEST_WAIT_S.
        """
        served_s = now - worker.ready_at if worker.state != "starting" else 0.0
        self._failures = 1 if served_s >= PROVEN_S else self._failures + 1
        delay_s = 0.0 if self._failures == 1 else min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (self._failures - 2))
        self.retry_at = now + delay_s
        return delay_s
