"""The development server: a server process, and a watcher that starts a new one when a file changes.

States: running (the server answers) and waiting (it ended by itself, because of a mistake in the application).

    running  a file changed, it compiles          stop, start        running
    running  a file changed, it does not compile  show the error     running (the old code goes on answering)
    running  a view changed                       nothing            running (the server reloads it)
    running  the server ended                     say so             waiting
    waiting  a file or view changed, it compiles  start              running
    waiting  a file changed, it does not compile  show the error     waiting
    any      SIGINT, SIGTERM                      stop               done
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from spica.cli.terminal import paint
from spica.cli.watching import VIEWS, compare, look, open_waiter, settle

STOP_S = 5.0  # how long the old server may take for its last requests before it is killed
_SHOWN = 3


class Development:
    """Runs a command in a project and restarts it when a file changes.

    Args:    root: the project's folder; command: of the server, as for subprocess.
    """

    def __init__(self, root: Path, command: Sequence[str]) -> None:
        self._root = root
        self._command = list(command)
        self._server: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Serve until SIGINT or SIGTERM. Returns the exit code; the server process has ended by then."""
        previous = signal.signal(signal.SIGTERM, _raise_interrupt)
        try:
            self._watch(open_waiter(self._root))
        except KeyboardInterrupt:
            return 0
        finally:
            self._stop()
            signal.signal(signal.SIGTERM, previous)
        return 0

    def _watch(self, wait: Callable[[], None]) -> None:
        seen = look(self._root)
        self._start()
        while True:
            wait()
            changed = compare(seen, look(self._root))
            if changed:
                seen, before = settle(self._root), seen
                self._take_in(compare(before, seen) or changed)
            elif self._server is not None and not self._is_running():
                _say(f"the server ended with exit code {self._server.returncode}; waiting for a change", "yellow")
                self._server = None

    def _is_running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def _take_in(self, changed: list[str]) -> None:
        if self._is_running():
            changed = [path for path in changed if not path.endswith(VIEWS)]
        if not changed:
            return
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        _say(f"changed: {', '.join(changed[:_SHOWN])}{more}", "blue")
        errors = [error for path in changed if (error := find_syntax_error(self._root / path))]
        for error in errors:
            _say(error, "red")
        if errors:
            _say("waiting for a change", "yellow")
            return
        self._stop()
        self._start()

    def _start(self) -> None:
        self._server = subprocess.Popen(self._command, cwd=self._root)  # noqa: S603 - our own server, built by dev.py

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None or server.poll() is not None:
            return
        server.terminate()
        try:
            server.wait(STOP_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            server.kill()
            server.wait()


def find_syntax_error(path: Path) -> str:
    """Compile a Python file. Returns where and what is wrong, with the line; "" when nothing is."""
    if path.suffix != ".py" or not path.is_file():
        return ""
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = (getattr(error, "text", None) or "").rstrip()
        shown = f"\n    {line.strip()}" if line else ""
        return f"{path}:{getattr(error, 'lineno', None) or 1}: {getattr(error, 'msg', error)}{shown}"
    return ""


def _say(text: str, colour: str) -> None:
    print(paint(f"dev  {text}", colour, sys.stderr), file=sys.stderr, flush=True)


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
