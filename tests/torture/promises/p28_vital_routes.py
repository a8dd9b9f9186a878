"""Promise 28 under load: what is declared vital is answered, /health and /ready among it, while the rest is told 503.

That /ready tells of a lost database within a second: tests/adapters/data/test_ready.py; of a drain:
tests/integration/test_workers_shutdown.py; of migrations: tests/unit/app/test_health.py.
"""

from __future__ import annotations

import threading
import time

from tests.torture.crowd import Crowd
from tests.torture.promises.p21_overload import REQUEST, answered, offer
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run

WORK_MS = 5


class Asking(threading.Thread):
    """Asks for a route, ten times a second, on a connection each."""

    def __init__(self, server: Attacked, path: str) -> None:
        super().__init__(daemon=True)
        self.server, self.path, self.stop = server, path, threading.Event()
        self.taken_s: list[float] = []
        self.refused: list[str] = []

    def run(self) -> None:
        while not self.stop.wait(0.1):
            began = time.monotonic()
            try:
                self.server.ask(self.path)
            except OSError as error:
                self.refused.append(str(error))
            else:
                self.taken_s.append(time.monotonic() - began)


def run(run: Run) -> None:
    seconds = run.pick(3.0, 20.0)
    with attacked() as server, Crowd(server.port) as crowd:
        vital, usual = Asking(server, "/alive"), Asking(server, f"/works/{WORK_MS}")
        live, ready = Asking(server, "/health"), Asking(server, "/ready")
        every = [vital, usual, live, ready]
        for asking in every:
            asking.start()
        offer(crowd, 5 * 1000 / WORK_MS, seconds)
        for asking in every:
            asking.stop.set()
            asking.join()
        surplus = len(answered(crowd.members, b" 503", float("inf")))
    run.say(28, f"of {len(crowd.members)} calls told 503, {len(REQUEST)} octets each", surplus, 1, at_least=True)
    for name, asking in (("vital", vital), ("/health", live), ("/ready", ready)):
        run.say(28, f"{name} calls refused meanwhile", len(asking.refused), 0)
        run.say(28, f"{name} calls answered", len(asking.taken_s), run.pick(2, 20), at_least=True)
        run.say(28, f"longest {name} call in s", round(max(asking.taken_s, default=float("inf")), 2), run.pick(5, 2))
    run.say(28, "usual calls refused, as they should be", len(usual.refused), 1, at_least=True)
