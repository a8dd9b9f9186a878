"""Promise 23: SIGTERM loses nothing that is in flight, and always ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.torture.crowd import Crowd
from tests.torture.server import Attacked, attacked
from tests.torture.verdict import Run

CALL = b"GET /waits/3000 HTTP/1.1\r\nHost: a\r\n\r\n"
IDLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def run(run: Run) -> None:
    _in_flight(run)
    _endless_handler(run)
    hangs = 0
    left: set[str] = set()
    cycles = run.pick(3, 1000)
    for number in range(cycles):
        # By itself, with a supervisor, and with two workers in turn.
        with attacked(**({}, {"supervise": True}, {"workers": 2})[number % 3]) as server:
            pids, files = server.pids, _files(server)
            server.process.send_signal(signal.SIGTERM)
            hangs += _ended_after(server.process, 30) is None
            left |= _left_behind(server, pids, files)
    for what in sorted(left):
        print(f"  {what}")
    run.say(23, f"hangs of {cycles} starts and stops", hangs, 0)
    run.say(23, "processes, listening sockets and files left behind by them", len(left), 0)


def _files(server: Attacked) -> set[Path]:
    """The files of the project, but for compiled Python and what says that the server runs."""
    return {path for path in server.folder.rglob("*") if path.is_file() and path.suffix not in (".pyc", ".pid")}


def _left_behind(server: Attacked, pids: list[int], files: set[Path]) -> set[str]:
    left = {f"process {pid}" for pid in pids if Path(f"/proc/{pid}").exists()}
    left |= {str(path.relative_to(server.folder)) for path in server.folder.rglob("*.pid")}
    left |= {str(path.relative_to(server.folder)) for path in _files(server) - files}
    with socket.socket() as peer:
        left |= {"a listening socket"} if peer.connect_ex(("127.0.0.1", server.port)) == 0 else set()
    return left


def _in_flight(run: Run) -> None:
    with attacked() as server, Crowd(server.port) as calls, Crowd(server.port) as idle:
        idle.open(20, IDLE)
        idle.run(20, until=lambda: all(member.first_at for member in idle.members))
        calls.open(200, CALL)
        deadline = time.monotonic() + 20
        while server.counts()["waiting"] < 200 and time.monotonic() < deadline:
            calls.run(0.01)
        server.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        idle.run(20, until=lambda: not idle.alive)
        idle_closed = time.monotonic() - began
        calls.run(20, until=lambda: not calls.alive)
        ended = _ended_after(server.process, 20)
    whole = [member for member in calls.members if member.received.endswith(b"\r\n\r\nwaited")]
    told = [member for member in whole if b"\r\nconnection: close\r\n" in member.received]
    run.say(23, "of 200 in flight answered whole", len(whole), 200, at_least=True)
    run.say(23, "of them told that the connection closes", len(told), 200, at_least=True)
    run.say(23, "idle connections closed after s", round(idle_closed, 3), run.pick(2, 0.3))
    run.say(23, "ended after s", round(ended if ended is not None else float("inf"), 2), run.pick(15, 5))


def _endless_handler(run: Run) -> None:
    for supervise in (False, True):
        _endless_handler_of(run, supervise)


def _endless_handler_of(run: Run, supervise: bool) -> None:
    with attacked(shutdown_timeout=2.0, supervise=supervise) as server, Crowd(server.port) as crowd:
        crowd.open(1, b"GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
        crowd.run(0.2)
        server.process.send_signal(signal.SIGTERM)
        ended = _ended_after(server.process, run.pick(20, 5))
        for pid in reversed(server.pids if ended is None else []):
            os.kill(pid, signal.SIGKILL)
    whose = "a supervised worker" if supervise else "a worker by itself"
    run.say(
        23, f"ended despite an endless handler of {whose} (grace 2 s)", 1 if ended is not None else 0, 1, at_least=True
    )


def _ended_after(process: subprocess.Popen[bytes], timeout_s: float) -> float | None:
    began = time.monotonic()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None
    return time.monotonic() - began
