"""When a silent worker is asked, named and killed; no process is involved but the signals that it would get."""

from __future__ import annotations

import signal
import socket

import pytest

from spica.server.child import Worker
from spica.server.watch import watch_worker
from tests.unit.server.test_reload import PLAN


class Told(Worker):
    """A worker that notes the signals it is sent."""

    def __init__(self) -> None:
        control = socket.socket()
        control.close()
        super().__init__(2, 99, control)
        self.heard_at = 1000.0
        self.signals: list[int] = []

    def send(self, number: int) -> None:
        self.signals.append(number)


@pytest.fixture
def worker() -> Told:
    return Told()


def test_one_that_answers_is_left_alone(worker: Told) -> None:
    watch_worker(worker, PLAN, 1009.9, pytest.fail)
    assert worker.signals == []


def test_one_that_does_not_is_asked_once_named_once_and_killed_once(worker: Told) -> None:
    said: list[str] = []
    watch_worker(worker, PLAN, 1010.0, said.append)
    watch_worker(worker, PLAN, 1010.1, said.append)
    assert (worker.signals, said) == ([signal.SIGUSR1], [])
    worker.stack.append('  File "/srv/blog/app.py", line 3 in slow')
    watch_worker(worker, PLAN, 1010.3, said.append)
    watch_worker(worker, PLAN, 1059.0, said.append)
    assert len(said) == 1
    assert said[0].startswith("worker 2 (pid 99) has not answered for 10 s, blocked at app.py:3 in slow\n")
    watch_worker(worker, PLAN, 1060.0, said.append)
    watch_worker(worker, PLAN, 1061.0, said.append)
    assert worker.signals == [signal.SIGUSR1, signal.SIGKILL]
    assert said[1:] == ["worker 2 (pid 99) has not answered for 60 s and is killed"]


def test_it_may_be_named_and_never_killed(worker: Told) -> None:
    for now in (1010.0, 1010.3, 9999.0):
        watch_worker(worker, PLAN._replace(watchdog_kill_s=0), now, lambda text: None)
    assert worker.signals == [signal.SIGUSR1]
