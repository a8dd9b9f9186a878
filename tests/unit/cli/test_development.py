"""The development server's decisions: when it restarts, and when it waits. The server is a stand-in process."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spica.cli.development import Development, find_syntax_error

# Notes that it started, then lives until it is told to end.
STAND_IN = "import signal, sys; open('starts', 'a').write('x'); print('up', flush=True); signal.pause()"
SHORT_LIVED = "open('starts', 'a').write('x')"


class Script:
    """A sequence of changes, made one by one whenever the watcher waits; the end is Ctrl-C."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self._steps: Iterator[Callable[[], object]] = iter(steps)

    def __call__(self) -> None:
        step = next(self._steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()


def develop(root: Path, monkeypatch: pytest.MonkeyPatch, server: str, *steps: Callable[[], object]) -> int:
    monkeypatch.setattr("spica.cli.development.open_waiter", lambda root: Script(*steps))
    return Development(root, [sys.executable, "-c", server]).run()


def write(path: Path, text: str) -> Callable[[], object]:
    """A step that changes a file."""
    return lambda: path.write_text(text)


def starts(root: Path) -> int:
    return len((root / "starts").read_text())


def await_starts(root: Path, count: int) -> Callable[[], None]:
    """Wait until the stand-in has noted that many starts; it opens its file before anything else."""

    def wait() -> None:
        while not (root / "starts").exists() or starts(root) < count:
            os.sched_yield()

    return wait


def test_a_change_restarts_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    change = write(tmp_path / "app.py", "x = 1")
    assert develop(tmp_path, monkeypatch, STAND_IN, await_starts(tmp_path, 1), change, await_starts(tmp_path, 2)) == 0
    assert starts(tmp_path) == 2
    assert "dev  changed: app.py" in capfd.readouterr().err


def test_a_syntax_error_leaves_the_old_server_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    broken = write(tmp_path / "app.py", "def x(:\n")
    develop(tmp_path, monkeypatch, STAND_IN, await_starts(tmp_path, 1), broken, lambda: None)
    assert starts(tmp_path) == 1
    said = capfd.readouterr().err
    assert "app.py:1: invalid syntax\n    def x(:" in said
    assert "dev  waiting for a change" in said


def test_a_server_that_ended_is_started_again_by_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    change = write(tmp_path / "app.py", "x = 1")
    develop(
        tmp_path,
        monkeypatch,
        SHORT_LIVED,
        await_starts(tmp_path, 1),
        await_end(tmp_path),
        change,
        await_starts(tmp_path, 2),
    )
    assert starts(tmp_path) == 2
    assert "dev  the server ended with exit code 0; waiting for a change" in capfd.readouterr().err


def test_a_view_restarts_only_a_server_that_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    view, first = write(tmp_path / "a.html", "<p>"), await_starts(tmp_path, 1)
    develop(tmp_path, monkeypatch, SHORT_LIVED, first, await_end(tmp_path), view, await_starts(tmp_path, 2))
    assert "dev  changed: a.html" in capfd.readouterr().err
    (tmp_path / "starts").unlink()
    again = write(tmp_path / "a.html", "<p>again")
    develop(tmp_path, monkeypatch, STAND_IN, await_starts(tmp_path, 1), again, lambda: None)
    assert starts(tmp_path) == 1
    assert "changed" not in capfd.readouterr().err


def await_end(folder: Path) -> Callable[[], None]:
    """Wait until no process works in the folder; one that has ended and is not collected works no more."""

    def step() -> None:
        deadline = time.monotonic() + 60
        while _working_in(folder):
            assert time.monotonic() < deadline, "the stand-in does not end"
            time.sleep(0.01)

    return step


def test_no_server_is_left_when_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    develop(tmp_path, monkeypatch, STAND_IN, await_starts(tmp_path, 1))
    assert _working_in(tmp_path) == []


def _working_in(folder: Path) -> list[str]:
    """The processes whose working folder it is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if os.readlink(process / "cwd") == str(folder):
                found.append(process.name)
    return found


def test_what_compiles_or_is_no_python_has_no_syntax_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "a.toml").write_text("x = = 1\n")
    assert find_syntax_error(tmp_path / "a.py") == ""
    assert find_syntax_error(tmp_path / "a.toml") == ""
    assert find_syntax_error(tmp_path / "gone.py") == ""
