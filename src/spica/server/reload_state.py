"""What `spica reload` reads to know how its reload went: a small file beside the pid file, replaced as a whole."""

from __future__ import annotations

import contextlib
import json
import os
from typing import NamedTuple


class ReloadState(NamedTuple):
    """The last reload of a server.

    Args:    number: how many there were, this one included; is_running: whether it goes on, or the next one waits;
             outcome: "reloaded" or "refused", "" before the first; error: why it was refused; seconds: how long it
             took; workers: how many serve.
    """

    number: int = 0
    is_running: bool = False
    outcome: str = ""
    error: str = ""
    seconds: float = 0.0
    workers: int = 0


def write_state(pid_file: str, state: ReloadState) -> None:
    """Write the state of the server that holds a pid file; without one nobody asks."""
    if not pid_file:
        return
    draft = f"{_path(pid_file)}.new"
    with contextlib.suppress(OSError), open(draft, "w") as file:
        file.write(json.dumps(state._asdict()))
        file.flush()
        os.replace(draft, _path(pid_file))


def read_state(pid_file: str) -> ReloadState | None:
    """Read the state beside a pid file; None for a server without a supervisor."""
    try:
        with open(_path(pid_file)) as file:
            return ReloadState(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None


def remove_state(pid_file: str) -> None:
    """Remove it when the server ends."""
    with contextlib.suppress(OSError):
        os.unlink(_path(pid_file))


def _path(pid_file: str) -> str:
    return f"{pid_file}.state"
