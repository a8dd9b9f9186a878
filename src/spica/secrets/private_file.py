"""A file for a text that must not stay on a disk: in memory where the system has such a folder, for its owner alone.

Rules: the folder is new and 0700, the file 0600; when done, its octets are overwritten and it is removed with whatever
the editor left beside it (swap files, backups). What a killed process left is wiped by the next one.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "spica-secrets-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-\w+")


@contextlib.contextmanager
def private_file(text: str, name: str) -> Iterator[Path]:
    """Lend a file with a text; it is gone afterwards, whatever happens.

    Args:    name: of the file, whose ending tells the editor what it is.
    """
    folder = choose_folder()
    wipe_left(folder)
    inside = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder))
    try:
        path = inside / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        yield path
    finally:
        wipe(inside)


def choose_folder() -> Path:
    """The first folder in memory that can be written, else the system's own for temporary files."""
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm"):  # noqa: S108 - mkdtemp makes a private one
        if candidate and os.path.isdir(candidate) and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    return Path(tempfile.gettempdir())


def wipe(folder: Path) -> None:
    """Overwrite and remove every file in a folder, and the folder."""
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                with path.open("r+b") as file:
                    file.write(bytes(path.stat().st_size))
                    file.flush()
                    os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)


def wipe_left(folder: Path) -> None:
    """Wipe what processes of ours that are gone have left."""
    for path in folder.glob(f"{_PREFIX}*"):
        match = _NAME.fullmatch(path.name)
        with contextlib.suppress(OSError):
            if match and path.lstat().st_uid == os.getuid() and not path.is_symlink() and not _runs(int(match[1])):
                wipe(path)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
