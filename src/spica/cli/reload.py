"""`spica reload`: ask the supervisor of a running server to take in new code and configuration, and wait for it."""

from __future__ import annotations

import json as json_format
import os
import signal
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spica.cli.application import application_folder
from spica.config.in_force import DEFAULT_PID_FILE
from spica.server.errors import NotRunningError, ReloadRefusedError
from spica.server.pid_file import find_server
from spica.server.planning import load_settings
from spica.server.reload_state import ReloadState, read_state

LOOK_S = 0.02


def reload(
    *,
    pid_file: Annotated[str | None, Parameter(help="The server's pid file [tmp/server.pid].")] = None,
    env: Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment.")] = None,
    timeout: Annotated[float, Parameter(help="Seconds to wait for the result.")] = 120.0,
    json: Annotated[bool, Parameter(help="Print JSON, for scripts.")] = False,
) -> int:
    """Replace the workers of the running server by new ones, without losing a request.

    The new workers have the code and the configuration of now. If these do not
    start, the old workers go on serving, and the exit code is 1.

    For example:

        spica reload

        spica reload --pid-file /run/blog.pid --json
    """
    if env:
        os.environ["SPICA_ENV"] = env
    folder = application_folder(None)
    path = folder / (pid_file or _configured(folder))
    pid = find_server(str(path))
    before = read_state(str(path))
    if pid is None:
        raise NotRunningError(
            "no server runs here",
            where=str(path),
            why="the pid file is missing, or its server has ended",
            fix="start one: spica server --workers 2; or name its file: spica reload --pid-file PATH",
        )
    if before is None:
        raise NotRunningError(
            f"the server (pid {pid}) can't be reloaded",
            why="it runs without a supervisor, or still starts",
            fix="start it with spica server --supervise, or with more than one worker",
        )
    os.kill(pid, signal.SIGHUP)
    state = _await_result(str(path), pid, before, timeout)
    if json:
        print(json_format.dumps({"pid": pid, **state._asdict()}))
        return 0 if state.outcome == "reloaded" else 1
    if state.outcome != "reloaded":
        raise ReloadRefusedError(
            "the server was not reloaded; its old workers go on serving",
            where=f"pid {pid}",
            why=state.error,
            fix="correct it and say spica reload again; the server's log has the whole error",
        )
    print(f"reloaded {state.workers} worker{'s' if state.workers > 1 else ''} in {state.seconds:.1f} s")
    return 0


def _configured(folder: Path) -> str:
    return load_settings(folder).server.pid_file or DEFAULT_PID_FILE


def _await_result(path: str, pid: int, before: ReloadState, timeout_s: float) -> ReloadState:
    """Wait for the reload after the one that was the last when the signal was sent.

    Raises:  NotRunningError: the server ended meanwhile; ReloadRefusedError: it takes longer than the timeout.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        state = read_state(path)
        if state is not None and state.number > before.number and not state.is_running:
            return state
        if find_server(path) != pid:
            raise NotRunningError(f"the server (pid {pid}) ended while it was asked to reload")
        time.sleep(LOOK_S)
    raise ReloadRefusedError(
        f"the server (pid {pid}) has not reloaded within {timeout_s:g} s",
        why="a worker takes longer to start",
        fix="look at the server's log; spica reload --timeout waits longer",
    )
