"""Processes of a supervisor: a worker and what it says, and the reader of a new configuration.

    starting   "ready NAME"        serving
    serving    leave()             leaving   SIGTERM: it finishes its requests and ends
    any        the process ends    (reaped by the supervisor)

Rules of this file:
- A fresh interpreter each: what the supervisor or an old worker has in memory can't leak into new code.
- One stream socket joins worker and supervisor. The worker writes lines; that the supervisor ended it sees by its end.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Literal

from spica.server.plan import Plan

BEAT_S = 1.0
BEATS = 4  # within the watchdog's limit
KILL_AFTER_S = 1.0  # a worker ends itself a little after the grace; who doesn't is killed
# A terminal sends these to all processes; a worker unblocks them when it is ready to leave them to its supervisor.
_BLOCKED = (signal.SIGINT, signal.SIGHUP)
# Python ignores these itself, and what is ignored stays so in a new program.
_DEFAULT = (signal.SIGPIPE, signal.SIGXFSZ)


class Worker:
    """A worker process as its supervisor sees it; number: its place, from 1."""

    def __init__(self, number: int, pid: int, control: socket.socket) -> None:
        self.number = number
        self.pid = pid
        self.control = control
        self.state: Literal["starting", "serving", "leaving"] = "starting"
        self.heard_at = self.ready_at = time.monotonic()
        self.kill_at = math.inf
        self.app_name = ""
        self.failure = ""
        self.stack: list[str] = []
        self.asked_at = math.inf  # when its stack was asked for
        self.is_named = False
        self.is_closed = False
        self._rest = b""

    def __str__(self) -> str:
        return f"worker {self.number} (pid {self.pid})"

    def receive(self) -> list[str]:
        """Read the lines that have arrived; [] for none. Sets `is_closed` when no more will come."""
        try:
            data = self.control.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self.is_closed = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def leave(self, grace_s: float, *, with_all: bool = False) -> None:
        """Ask it to finish its requests and end; with_all: no other worker takes the connections that wait."""
        if with_all:
            with contextlib.suppress(OSError):
                self.control.send(b"all\n")
        if self.state != "leaving":
            self.state = "leaving"
            self.kill_at = time.monotonic() + grace_s + KILL_AFTER_S
            self.send(signal.SIGTERM)

    def send(self, number: int) -> None:
        """Send a signal; it may have ended meanwhile."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def start_worker(plan: Plan, number: int, listeners: Sequence[socket.socket]) -> Worker:
    """Start the worker of a place."""
    control, other = socket.socketpair()
    control.setblocking(False)
    other.set_inheritable(True)
    for listener in listeners:
        listener.set_inheritable(True)
    order = {
        "target": plan.typed.target,
        "folder": plan.typed.folder,
        "control": other.fileno(),
        "listeners": [listener.fileno() for listener in listeners],
        "cpu": plan.cpus[number - 1] if plan.cpus else None,
        "access_log": plan.access_log,
        "grace_s": plan.grace_s,
        "delay_s": plan.delay_s,
        "beat_s": min(BEAT_S, plan.watchdog_s / BEATS),
        "backend": plan.backend,
        "event_loop": plan.event_loop,
        "certificates": plan.certificates,
        "tls_minimum": plan.tls_minimum,
        "worker_threads": plan.worker_threads,
    }
    with other:
        worker = Worker(number, _spawn("spica.server.worker", str(number), json.dumps(order)), control)
    worker.kill_at = time.monotonic() + plan.boot_s if plan.boot_s else math.inf
    return worker


class Planner:
    """The process that reads the configuration for a reload."""

    def __init__(self, plan: Plan) -> None:
        self._output, written = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, written, 1)]
        self.pid = _spawn("spica.server.planning", plan.typed.to_json(), actions=actions)
        os.close(written)

    def result(self) -> Plan | str:
        """Give the plan, or what is wrong with the configuration; to be called once, when the process has ended."""
        # Far less than a pipe holds, so nobody had to read while it ran.
        text = os.read(self._output, 65536).decode()
        os.close(self._output)
        if not text:
            return "the configuration could not be read"
        values = json.loads(text)
        return str(values["error"]) if "error" in values else Plan.from_json(text)


def _spawn(module: str, *arguments: str, actions: Sequence[tuple[int, int, int]] = ()) -> int:
    # -P: a file of the current folder is not found before the standard library's.
    command = [sys.executable, "-P", "-m", module, *arguments]
    return os.posix_spawn(
        sys.executable, command, os.environ, file_actions=actions, setsigmask=_BLOCKED, setsigdef=_DEFAULT
    )
