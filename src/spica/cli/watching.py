"""What changed in a project: two looks at its files, compared.

Rules of this file:
- A look is the modification time and size of every file that only a restart can take in, and of every view: a running
  application reloads views itself, but one that did not start because of a mistake in a view needs to be started.
- Comparing looks is the truth; watchfiles, where it is installed, only ends the wait between two looks early.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

RESTARTING = (".py", ".toml")
VIEWS = (".html", ".erb")
IGNORED_FOLDERS = frozenset(
    ["__pycache__", "node_modules", "venv", "env", "tmp", "log", "dist", "build", "public", "tests"]
)
INTERVAL_S = 0.5
SETTLE_S = 0.05
SETTLE_ROUNDS = 20

Look = dict[str, tuple[int, int]]


def look(root: Path) -> Look:
    """Read modification time (ns) and size of every watched file, by path relative to the root."""
    return {os.path.relpath(entry.path, root): _state(entry) for entry in _walk(str(root))}


def compare(before: Look, after: Look) -> list[str]:
    """List the files that were changed, added or removed between two looks, sorted."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def settle(root: Path) -> Look:
    """Look until two looks in a row are the same, so that one save of many files is one change; at most a second."""
    seen = look(root)
    for _ in range(SETTLE_ROUNDS):
        time.sleep(SETTLE_S)
        now = look(root)
        if now == seen:
            break
        seen = now
    return seen


def open_waiter(root: Path) -> Callable[[], None]:
    """Make the function that waits between two looks: until something may have changed, at most INTERVAL_S."""
    try:
        import watchfiles  # optional: the dev extra
    except ImportError:
        return lambda: time.sleep(INTERVAL_S)
    folders = [entry.path for entry in os.scandir(root) if entry.is_dir() and not _is_ignored(entry.name)]
    if not folders:
        return lambda: time.sleep(INTERVAL_S)
    wakes = watchfiles.watch(
        *folders, rust_timeout=int(INTERVAL_S * 1000), debounce=50, step=20, yield_on_timeout=True, raise_interrupt=True
    )
    return lambda: _next(wakes)


def _next(wakes: Iterator[object]) -> None:
    next(wakes, None)


def _walk(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return  # removed between two looks
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not _is_ignored(entry.name):
                yield from _walk(entry.path)
        elif entry.name.endswith(RESTARTING + VIEWS):
            yield entry


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in IGNORED_FOLDERS


def _state(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        status = entry.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
