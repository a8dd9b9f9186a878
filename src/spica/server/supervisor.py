"""The supervisor: holds the listening sockets, keeps workers alive, reloads and stops them.

    booting    the first worker is ready   serving: the address is announced, the others start
    booting    it ends                     done, with its exit code; it has said why
    serving    a worker ends               another in its place, at once; later if it keeps ending
    serving    SIGHUP                      a reload (reload.py) beside it
    any        SIGTERM, SIGINT             stopping: every worker finishes its requests
    stopping   the last worker ended       done
    stopping   SIGINT                      done; every worker is killed

Rules of this file:
- It imports neither the application nor the configuration: a mistake in them can't end it, and it stays small.
- Who replaces a worker inherits the same socket, so that no connection is in a queue that goes away.
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import sys
import time

from spica.errors.base import SpicaError
from spica.server.announcement import render_announcement, tell
from spica.server.child import Worker, start_worker
from spica.server.listener import Listeners, choose_addresses, open_listeners
from spica.server.notify import notify_ready, notify_reloading, notify_stopping
from spica.server.pid_file import PidFile
from spica.server.place import Place
from spica.server.plan import Plan
from spica.server.reload import Reload
from spica.server.reload_state import ReloadState, remove_state, write_state
from spica.server.signal_bytes import note, signal_bytes
from spica.server.watch import watch_worker

INTERRUPTED = 130
RETRY_S = 1.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Supervisor:
    """Runs a plan on open sockets; pid_file: where it is found, "" for nowhere."""

    def __init__(self, plan: Plan, listeners: Listeners, pid_file: str = "") -> None:
        self._plan = plan
        self._listeners = listeners
        self._pid_file = pid_file
        self._places = {number: Place() for number in range(1, plan.workers + 1)}
        self._leaving: list[Worker] = []
        self._reload: Reload | None = None
        self._reloads = 0
        self._is_reload_asked = False
        self._is_announced = False
        self._is_stopping = False
        self._exit_code: int | None = None
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Run until a signal stops it. Returns the exit code; no worker is left then."""
        with signal_bytes(SIGNALS) as signals:
            self._selector.register(signals, selectors.EVENT_READ, lambda: self._on_signals(signals.recv(64)))
            self._start_in(1)
            while self._exit_code is None:
                due = self._due()
                wait_s = None if due == math.inf else max(0.0, due - time.monotonic())
                for key, _ in self._selector.select(wait_s):
                    key.data()
                self._tick(time.monotonic())
        self._selector.close()
        return self._exit_code

    # Workers

    def _start(self, plan: Plan, number: int) -> Worker:
        worker = start_worker(plan, number, self._listeners.sockets)
        self._selector.register(worker.control, selectors.EVENT_READ, lambda: self._on_lines(worker))
        return worker

    def _start_in(self, number: int) -> None:
        place = self._places[number]
        try:
            place.worker = self._start(self._plan, number)
        except OSError as error:  # out of memory or processes: those that run go on
            place.retry_at = time.monotonic() + RETRY_S
            say(f"worker {number} can't be started: {error}; trying again in {RETRY_S:g} s")

    def _on_lines(self, worker: Worker) -> None:
        if worker.is_closed:
            return
        lines = worker.receive()
        if worker.is_closed:
            self._selector.unregister(worker.control)
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "ready":
                worker.app_name = rest
                self._on_ready(worker)
            elif word == "failed":
                worker.failure = rest
            elif word == "beat":
                if worker.is_named:
                    say(f"{worker} answers again after {time.monotonic() - worker.heard_at:.1f} s")
                worker.heard_at, worker.asked_at, worker.is_named = time.monotonic(), math.inf, False
            else:
                worker.stack.append(line)

    def _on_ready(self, worker: Worker) -> None:
        if worker.state != "starting":
            return
        worker.state = "serving"
        worker.kill_at = math.inf
        worker.heard_at = worker.ready_at = time.monotonic()
        place = self._places.setdefault(worker.number, Place())
        if place.worker is not worker:
            self._retire(place)
            place.worker = worker
        if not self._is_announced:
            self._announce(worker)
        if self._reload is not None:
            self._reload.on_ready(worker)
            self._look_at_reload()

    def _retire(self, place: Place) -> None:
        """Let the worker of a place go; it leaves when its requests are answered."""
        old, place.worker = place.worker, None
        if old is not None:
            self._leaving.append(old)
            old.leave(self._plan.grace_s)

    def _announce(self, worker: Worker) -> None:
        self._is_announced = True
        urls = self._listeners.urls
        tell(render_announcement(worker.app_name, urls, self._plan.workers, tls=bool(self._plan.certificates)))
        notify_ready()
        write_state(self._pid_file, ReloadState(workers=self._plan.workers))
        for number in [number for number, place in self._places.items() if place.worker is None]:
            self._start_in(number)

    def _reap(self) -> None:
        for worker in self._workers():
            ended, status = os.waitpid(worker.pid, os.WNOHANG)
            if ended:
                self._on_lines(worker)  # its last words
                if not worker.is_closed:
                    # A process that it started still holds the other end.
                    self._selector.unregister(worker.control)
                    worker.is_closed = True
                worker.control.close()
                self._on_end(worker, os.waitstatus_to_exitcode(status))
        if self._reload is not None and (pid := self._reload.planner_pid) and os.waitpid(pid, os.WNOHANG)[0]:
            self._reload.on_planner_end()
            self._look_at_reload()

    def _on_end(self, worker: Worker, code: int) -> None:
        how = _describe_end(code)
        place = self._places.get(worker.number)
        if worker in self._leaving:
            self._leaving.remove(worker)
        elif self._reload is not None and worker is self._reload.candidate:
            self._reload.on_end(worker, how)
            self._look_at_reload()
        elif place is not None and place.worker is worker:
            place.worker = None
            if self._is_stopping:
                pass
            elif not self._is_announced:
                self._exit_code = code if code >= 0 else 128 - code
            else:
                delay_s = place.note_end(worker, time.monotonic())
                when = f"trying again in {delay_s:g} s" if delay_s else "another one starts"
                while_starting = " while it started" if worker.state == "starting" else ""
                say(f"{worker} {how}{while_starting}; {when}")
        if self._is_stopping and not self._workers():
            self._exit_code = 0

    def _workers(self) -> list[Worker]:
        candidate = self._reload.candidate if self._reload else None
        placed = [place.worker for place in self._places.values()]
        return [worker for worker in (*placed, candidate, *self._leaving) if worker is not None]

    # Time

    def _due(self) -> float:
        """When to look again if nothing happens."""
        times = [worker.kill_at for worker in self._workers()]
        if self._plan.watchdog_s:
            times += [time.monotonic() + self._plan.watchdog_s / 4]
        if self._is_announced and not self._is_stopping:
            times += [place.retry_at for number, place in self._places.items() if self._is_empty(number)]
        return min(times, default=math.inf)

    def _tick(self, now: float) -> None:
        for worker in self._workers():
            if now >= worker.kill_at:
                late = "did not start" if worker.state == "starting" else "did not finish its requests"
                say(f"{worker} {late} in time and is killed")
                worker.kill_at = math.inf
                worker.send(signal.SIGKILL)
            elif worker.state == "serving" and self._plan.watchdog_s and not self._is_stopping:
                watch_worker(worker, self._plan, now, say)
        if self._is_announced and not self._is_stopping:
            for number, place in self._places.items():
                if self._is_empty(number) and now >= place.retry_at:
                    self._start_in(number)
            if self._is_reload_asked and self._reload is None:
                self._begin_reload()

    def _is_empty(self, number: int) -> bool:
        candidate = self._reload.candidate if self._reload else None
        return self._places[number].worker is None and (candidate is None or candidate.number != number)

    # Signals

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGHUP and not self._is_stopping:
                self._is_reload_asked = True
            elif number == signal.SIGINT and self._is_stopping:
                self._kill_all()
            elif number in (signal.SIGTERM, signal.SIGINT):
                if number == signal.SIGINT:
                    say("stopping; Ctrl-C again ends it at once")
                self._stop()
        # Whatever came: SIGCHLD is one signal for many ends.
        if self._exit_code is None:
            self._reap()

    def _stop(self) -> None:
        self._is_stopping = True
        notify_stopping()
        self._listeners.close()
        for worker in self._workers():
            worker.leave(self._plan.grace_s, with_all=True)
        if not self._workers():
            self._exit_code = 0

    def _kill_all(self) -> None:
        for worker in self._workers():
            worker.send(signal.SIGKILL)
            os.waitpid(worker.pid, 0)
        self._exit_code = INTERRUPTED

    # Reloading

    def _begin_reload(self) -> None:
        self._is_reload_asked = False
        self._reloads += 1
        self._reload = Reload(self._plan, self._start, say)
        say(f"reloading {self._plan.workers} worker{'s' if self._plan.workers > 1 else ''}")
        notify_reloading()
        write_state(self._pid_file, ReloadState(self._reloads, is_running=True))

    def _look_at_reload(self) -> None:
        """Finish the reload if it has come to its end."""
        reload = self._reload
        if reload is None or reload.outcome == "running" or self._is_stopping:
            return
        self._reload = None
        if reload.outcome == "reloaded":
            self._plan = reload.plan
            say(f"reloaded in {reload.seconds:.1f} s")
        else:
            say(f"not reloaded, the old workers go on: {reload.error}")
        # Places that there are no more, or that a refused reload had begun with.
        for number in [number for number in self._places if number > self._plan.workers]:
            self._retire(self._places.pop(number))
        count = sum(place.worker is not None for place in self._places.values())
        state = ReloadState(self._reloads, False, reload.outcome, reload.error, reload.seconds, count)
        notify_ready()
        write_state(self._pid_file, state)


def supervise(plan: Plan) -> int:
    """Listen, hold the pid file and run the workers of a plan.

    Returns: the exit code.
    Raises:  PortInUseError, AddressError, PidFileError: nothing was started.
    """
    pid_file = _hold_pid_file(plan)
    try:
        listeners = open_listeners(choose_addresses(plan.binds, typed=plan.binds_typed), socket_mode=plan.socket_mode)
        try:
            return Supervisor(plan, listeners, pid_file.path if pid_file else "").run()
        finally:
            listeners.close()
    finally:
        if pid_file is not None:
            remove_state(pid_file.path)
            pid_file.remove()


def say(text: str) -> None:
    """Tell people what happened."""
    tell(f"server  {text}")


def _hold_pid_file(plan: Plan) -> PidFile | None:
    if not plan.pid_file:
        return None
    try:
        return PidFile(plan.pid_file)
    except SpicaError as error:
        # Nobody asked for this one: a folder that can't be written is a fine place to serve from.
        if plan.pid_file_wanted or "can't write" not in error.what:
            raise
        say(f"{error.what} ({error.why}): spica reload will not find this server")
        return None


def _describe_end(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def main() -> int:
    """Run the plan given as JSON. Returns the exit code."""
    # From here on until the loop runs: a reload that is asked for early waits, it does not end the process.
    signal.signal(signal.SIGHUP, note)
    try:
        return supervise(Plan.from_json(sys.argv[1]))
    except SpicaError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
