"""A blocked worker is named with the frame that blocks it, others serve meanwhile, and it is replaced in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workers import WAIT_S, ask, connect, fetch, served


def configure(folder: Path, kill_after_s: float) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "server.toml").write_text(
        f"[server]\nwatchdog_timeout = 0.5\nwatchdog_kill_after = {kill_after_s}\n"
    )


def test_a_blocked_worker_is_named_and_replaced(tmp_path: Path) -> None:
    configure(tmp_path, 5)
    with served(tmp_path, "--workers", "2") as server, connect(server.port) as peer:
        before = server.await_pids(lambda pids: len(pids) == 2)
        ask(peer, "/busy")
        # Where much runs, the other one may be late for a moment as well; it is in no function of the application.
        named = server.await_line(
            r"server  worker \d \(pid (\d+)\) has not answered for 0\.5 s, blocked at app\.py:\d+ in busy$"
        )
        blocked = int(named[1])
        assert {fetch(server.port, "/pid") for _ in range(20)} == {str(pid) for pid in before - {blocked}}
        server.await_line(rf"\(pid {blocked}\) has not answered for \d+ s and is killed")
        server.await_line(rf"\(pid {blocked}\) was ended by SIGKILL; another one starts")
        after = server.await_pids(lambda pids: len(pids) == 2)
        assert after > before - {blocked}


def test_one_that_answers_again_is_left_alone(tmp_path: Path) -> None:
    configure(tmp_path, 0)
    app = "import os, time\nfrom spica import App\napp = App()\n@app.get('/nap')\ndef nap() -> str:\n"
    app += "    time.sleep(1.5)\n    return str(os.getpid())\n"
    with served(tmp_path, "--workers", "1", "--supervise", app=app) as server:
        napped = fetch(server.port, "/nap")
        named = server.await_line(r"\(pid (\d+)\) has not answered for 0\.5 s, blocked at app\.py:6 in nap")
        again = server.await_line(rf"worker 1 \(pid {napped}\) answers again after (\d+\.\d) s")
        assert 1 <= float(again[1]) <= WAIT_S
        assert named[1] == napped
        assert {str(pid) for pid in server.workers()} == {napped}


@pytest.mark.parametrize(
    "line", ["time.sleep(1.5)", "end = time.monotonic() + 1.5\n    while time.monotonic() < end: pass"]
)
def test_without_a_supervisor_it_is_named_too(tmp_path: Path, line: str) -> None:
    configure(tmp_path, 0)
    app = f"import time\nfrom spica import App\napp = App()\n@app.get('/nap')\ndef nap() -> str:\n    {line}\n"
    app += "    return 'x'\n"
    with served(tmp_path, app=app) as server:
        assert fetch(server.port, "/nap") == "x"
        server.await_line(r"the server has not answered for 0\.5 s, blocked at app\.py:\d in nap")
        assert server.end() == 0
