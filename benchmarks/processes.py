"""Server processes: started pinned to one core, weighed, and always ended.

Rules: a process is started in a session of its own and ended as a group, by id; whatever ends this program (an
exception, a signal, a normal exit, even SIGKILL) ends the servers too. CPU time is read from the kernel's per-process
CPU clock, which counts nanoseconds and every thread; the ticks of /proc/PID/stat are 10 ms.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import client
from benchmarks.failure import BenchmarkError
from benchmarks.protocols import Protocol
from benchmarks.servers import Server

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_running: list[RunningServer] = []


class RunningServer:
    """A started server. `started_in_s` is the time from the spawn to the first complete answer."""

    def __init__(self, server: Server, core: int) -> None:
        self.server = server
        self.port = free_port()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the server)
        command = [part.replace("{port}", str(self.port)) for part in server.command]
        spawned = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=server.folder,
            env={**clean_environment(), **server.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _prepare(core),  # noqa: PLW1509 (the suite has one thread)
        )
        _running.append(self)
        self._wait_for_answer(spawned + START_TIMEOUT_S)
        self.started_in_s = time.perf_counter() - spawned

    def _wait_for_answer(self, deadline: float) -> None:
        while time.perf_counter() < deadline:
            if self._process.poll() is not None:
                raise self._failure("ended before it answered")
            # A server may accept before it can answer, or close what came too early: then ask again.
            with contextlib.suppress(OSError):
                connection, _ = self.ask(self.server.hello, self.server.protocol)
                connection.close()
                return
            time.sleep(0.001)
        raise self._failure(f"gave no answer within {START_TIMEOUT_S:.0f} s")

    def url(self, path: str) -> str:
        """Return the address of a path, for load generators."""
        return f"{'https' if self.server.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def ask(self, path: str, protocol: Protocol) -> tuple[socket.socket, client.Answer]:
        """Open a connection and have one answer on it. Raises OSError when there is none."""
        return client.ask(self.port, path, protocol, tls=self.server.tls)

    def _failure(self, what: str) -> BenchmarkError:
        self.stop()
        self._log.seek(0)
        output = self._log.read().decode(errors="replace").strip() or "(it printed nothing)"
        return BenchmarkError(f"{self.server.title} {what}. Its output:\n{output[-2000:]}")

    def cpu_s(self) -> float:
        """Return the CPU time, user and system, that the whole process tree has used so far."""
        return self._sum(_cpu_clock_s)

    def rss_bytes(self) -> int:
        """Return the resident memory of the tree; pages shared by two of its processes count twice."""
        return int(self._sum(_rss_bytes))

    def pss_bytes(self) -> int:
        """Return the proportional memory of the tree; a page shared by n processes counts 1/n in each."""
        return int(self._sum(_pss_bytes))

    def _sum(self, read: Callable[[int], float]) -> float:
        try:
            return sum(read(pid) for pid in process_tree(self._process.pid, _parents()))
        except (OSError, IndexError) as gone:
            raise self._failure("ended while it was measured") from gone

    def stop(self) -> None:
        """End the process group: politely, then by force. Harmless when it has ended."""
        if self in _running:
            _running.remove(self)
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT_S)
        self._signal(signal.SIGKILL)  # also a worker that outlived its parent: the group is ours alone
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def end_all() -> None:
    """End every server that still runs."""
    for running in list(_running):
        running.stop()


def end_all_at_exit() -> None:
    """End the servers when this program exits or is told to; SIGKILL is covered by `end_with_parent`."""
    atexit.register(end_all)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)


def _exit(number: int, _: object) -> None:
    sys.exit(128 + number)  # an exception: what stands in `finally` runs


def end_with_parent() -> None:
    """Runs in a new process: be told to end when the suite is gone, however it went."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prepare(core: int) -> None:
    os.sched_setaffinity(0, {core})
    end_with_parent()


def clean_environment() -> dict[str, str]:
    """Return this program's environment without what changes how Python runs or how Spica is configured.

    PYTHONDONTWRITEBYTECODE above all: with it every start of Spica, which runs from its source here, would compile it
    anew, while the peers were compiled when they were installed.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPICA_"))}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def process_tree(root: int, parents: dict[int, int]) -> list[int]:
    """Return `root` and its descendants, given each process's parent."""
    tree = [root]
    for pid in tree:  # grows while it is walked
        tree.extend(child for child, parent in parents.items() if parent == pid)
    return tree


def _parents() -> dict[int, int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The command's name, in parentheses, may hold spaces and parentheses itself.
            after_name = (folder / "stat").read_text().rpartition(")")[2]
            parents[int(folder.name)] = int(after_name.split()[1])
    return parents


def _cpu_clock_s(pid: int) -> float:
    # The id of another process's CPU clock, as clock_getcpuclockid(3) makes it: ~pid above, CPUCLOCK_SCHED = 2 below.
    return time.clock_gettime((~pid << 3) | 2)


def _rss_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise BenchmarkError(f"/proc/{pid}/smaps_rollup has no Pss line: this kernel does not tell proportional memory.")
