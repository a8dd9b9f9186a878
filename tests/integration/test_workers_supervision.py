"""Workers that end are replaced, mistakes at the start are told once, and nobody outlives the server."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

from tests.integration.workers import WAIT_S, connect, fetch, read_answer, served
from tests.processes import SPICA

MIB = 1024 * 1024


def test_a_killed_worker_is_replaced_within_a_second_and_others_serve_meanwhile(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server:
        before = server.await_pids(lambda pids: len(pids) == 2)
        gone = min(before)
        os.kill(gone, signal.SIGKILL)
        killed_at = time.monotonic()
        [left] = before - {gone}
        assert fetch(server.port, "/pid") == str(left), "the other one serves at once"
        after = server.await_pids(lambda pids: len(pids) == 2)
        seconds = time.monotonic() - killed_at
        assert left in after
        assert gone not in after
        assert seconds < 10, "a second on an idle machine; this one may run other tests"
        server.await_line(rf"server  worker \d \(pid {gone}\) was ended by SIGKILL; another one starts")
        assert server.end() == 0
        assert server.lines[-1] == "(end of output)"


def test_a_supervisor_costs_little_and_knows_no_application(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server:
        server.await_pids(lambda pids: len(pids) == 2)
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)
        assert found
        assert int(found[1]) * 1024 < 12 * MIB
        mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert "spica/_core" not in mapped
        assert "msgspec" not in mapped


def test_an_application_that_does_not_start_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise LookupError('not today')\n")
    with served(tmp_path, "--workers", "3") as server:
        assert server.await_end() == 1
        assert sum("LookupError: not today" in line for line in server.lines) == 1
        assert not any("Ctrl-C" in line for line in server.lines)
    (tmp_path / "app.py").write_text("x = 1\n")
    with served(tmp_path, "--workers", "3") as server:
        assert server.await_end() == 1
        assert [line for line in server.lines if "SPICA-S001" in line] == ["SPICA-S001  module 'app' has no 'app'"]
    assert not (tmp_path / "tmp" / "server.pid").exists()


def test_a_worker_that_keeps_ending_is_tried_again_ever_later(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server:
        pids = server.await_pids(lambda pids: len(pids) == 2)
        (tmp_path / "app.py").write_text("raise SystemExit(7)\n")
        os.kill(max(pids), signal.SIGKILL)
        server.await_line(r"ended with exit code 7 while it started; trying again in 0\.5 s")
        server.await_line(r"ended with exit code 7 while it started; trying again in 1 s")
        assert fetch(server.port, "/pid") == str(min(pids))
        assert server.end() == 0


def test_workers_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as server, connect(server.port) as peer:
        server.await_pids(lambda pids: len(pids) == 2)
        peer.sendall(b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
        # A second connection is answered, so the first one's request has arrived.
        fetch(server.port, "/slow")
        peer.sendall(b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
        read_answer(peer)
        server.end(signal.SIGKILL)
        assert read_answer(peer)[:2] == (200, b"slow but answered"), "what was under way is finished"
        # `end` has waited for the end of their output, so they have ended.
        assert sum("the supervisor ended" in line for line in server.lines) == 2
    with served(tmp_path, "--workers", "2") as server:
        assert fetch(server.port, "/") == "one", "the pid file that was left behind is nobody's"


def test_workers_end_too_when_nobody_reads_what_they_say(tmp_path: Path) -> None:
    # `head` leaves after the announcement.
    script = f"{SPICA} server --workers 2 --port 0 --quiet 2>&1 | head -n 1 >&2"
    with served(tmp_path, command=["sh", "-c", script]) as server:
        server.await_pids(lambda pids: len(pids) == 2)
        os.kill(int((tmp_path / "tmp" / "server.pid").read_text()), signal.SIGKILL)
        # The socket is theirs until the last of them has gone.
        assert await_refusal(server.port, timeout_s=WAIT_S)


def await_refusal(port: int, timeout_s: float) -> bool:
    """Whether nobody listens on a port any more before the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            fetch(port, "/")
        except ConnectionRefusedError:
            return True
        except (EOFError, ConnectionResetError):
            continue
    return False


def test_workers_are_pinned_to_cores(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "server.toml").write_text(
        "[server]\nworkers = 'all'\nsupervise = true\n[runtime]\ncpu_affinity = 'auto'\nworker_threads = 3\n"
    )
    cores = sorted(os.sched_getaffinity(0))
    with served(tmp_path) as server:
        pids = server.await_pids(lambda pids: len(pids) == len(server.workers()))
        assert all(len(os.sched_getaffinity(pid)) == 1 for pid in pids)
        assert {min(os.sched_getaffinity(pid)) for pid in pids} == set(cores[: len(pids)])
        assert os.sched_getaffinity(server.process.pid) == set(cores)
