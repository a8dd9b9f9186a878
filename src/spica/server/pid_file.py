"""The pid file of a server, which `spica reload` finds it by.

Rules of this file:
- It holds a number and nothing else, so that `kill -HUP $(cat tmp/server.pid)` works.
- The server holds a lock on it as long as it lives: a number that was left behind, and now is another process's, is
  never mistaken for a server. Source: flock(2).
"""

from __future__ import annotations

import contextlib
import fcntl
import os

from spica.server.errors import PidFileError


class PidFile:
    """A pid file that this process wrote and holds.

    Args:    path: of the file; its folder is made.
    Raises:  PidFileError: another server holds it, or it can't be written.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._descriptor = _lock(self.path)
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()}\n".encode())
        except OSError as error:
            raise PidFileError(
                f"can't write the pid file {path}",
                why=error.strerror or str(error),
                fix="choose another: spica server --pid-file PATH",
            ) from None

    def remove(self) -> None:
        """Remove the file and give up the lock."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        os.close(self._descriptor)


def find_server(path: str) -> int | None:
    """Read the process id of the server that holds a pid file; None when there is none, or it no longer lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        text = os.read(descriptor, 32).strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)


def _lock(path: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise PidFileError(
                "a server runs here already" + (f" (pid {owner})" if owner else ""),
                where=path,
                why="it holds the pid file",
                fix=f"spica reload takes in new code; stop it: kill {owner or 'PID'};"
                " or run another beside it: spica server --pid-file PATH",
            ) from None
        # It may have been removed between our open and our lock; then the lock is on nothing.
        with contextlib.suppress(OSError):
            if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)
