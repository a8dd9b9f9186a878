"""A reload, step by step, without processes: what it starts, and what ends it."""

from __future__ import annotations

import socket

import pytest

from spica.server import reload as reload_module
from spica.server.child import Worker
from spica.server.plan import Plan, Typed
from spica.server.reload import Reload

PLAN = Plan(
    typed=Typed(None, "/srv/blog"),
    binds=("127.0.0.1:3000",),
    binds_typed=False,
    socket_mode=0o660,
    workers=2,
    cpus=None,
    access_log=None,
    grace_s=30.0,
    delay_s=0,
    boot_s=60.0,
    watchdog_s=10.0,
    watchdog_kill_s=60.0,
    pid_file="",
    pid_file_wanted=False,
    backend="auto",
    event_loop="auto",
    worker_threads=None,
    is_supervised=True,
)


class Scene:
    """A reload whose planner answers `result`; `started` are the places in which it started workers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, result: Plan | str) -> None:
        class Planner:
            pid = 7

            def __init__(self, plan: Plan) -> None:
                pass

            def result(self) -> Plan | str:
                return result

        monkeypatch.setattr(reload_module, "Planner", Planner)
        self.started: list[int] = []
        self.said: list[str] = []
        self.reload = Reload(PLAN, self.start, self.said.append)

    def start(self, plan: Plan, number: int) -> Worker:
        self.started.append(number)
        control = socket.socket()
        control.close()
        return Worker(number, 0, control)

    def ready(self) -> None:
        assert self.reload.candidate is not None
        self.reload.on_ready(self.reload.candidate)


def test_places_are_replaced_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, PLAN._replace(workers=3, grace_s=5.0))
    assert (scene.reload.planner_pid, scene.started) == (7, [])
    scene.reload.on_planner_end()
    for places in ([1], [1, 2], [1, 2, 3]):
        assert (scene.started, scene.reload.outcome) == (places, "running")
        scene.ready()
    assert (scene.reload.outcome, scene.reload.candidate) == ("reloaded", None)
    assert (scene.reload.plan.workers, scene.reload.plan.grace_s) == (3, 5.0)


def test_a_wrong_configuration_starts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, "SPICA-C001  a mistake")
    scene.reload.on_planner_end()
    assert (scene.reload.outcome, scene.reload.error, scene.started) == ("refused", "SPICA-C001  a mistake", [])


def test_a_worker_that_ends_ends_the_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, PLAN)
    scene.reload.on_planner_end()
    candidate = scene.reload.candidate
    assert candidate is not None
    scene.reload.on_end(scene.start(PLAN, 2), "was ended by SIGKILL")
    assert scene.reload.outcome == "running", "somebody else's end is no business of it"
    scene.reload.on_end(candidate, "ended with exit code 3")
    assert (scene.reload.outcome, scene.reload.candidate) == ("refused", None)
    assert scene.reload.error == "a new worker ended with exit code 3 while it started"


def test_other_addresses_need_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, PLAN._replace(binds=("0.0.0.0:80",)))
    scene.reload.on_planner_end()
    assert scene.said == ["listening on 0.0.0.0:80 needs a restart; it stays 127.0.0.1:3000"]
    assert scene.reload.plan.binds == PLAN.binds


def test_a_plan_goes_from_process_to_process() -> None:
    plan = PLAN._replace(cpus=(0, 1), typed=Typed("a:b", "/x", binds=("fd:3",), workers="all"))
    assert Plan.from_json(plan.to_json()) == plan
    assert Typed.from_json(plan.typed.to_json()) == plan.typed


def test_a_system_out_of_processes_ends_the_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, PLAN)

    def refuse(plan: Plan, number: int) -> Worker:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(scene.reload, "_start", refuse)
    scene.reload.on_planner_end()
    assert scene.reload.outcome == "refused"
    assert "no process can be started: [Errno 11]" in scene.reload.error
