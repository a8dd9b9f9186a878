"""Make the suite able to run: compile the limit, install the peers, look for the load generator."""

from __future__ import annotations

import hashlib
import subprocess
import sys

from benchmarks import places
from benchmarks.failure import BenchmarkError
from benchmarks.measure.load import check_wrk
from benchmarks.runner import Progress

_STAMP = places.PEERS_VENV / "requirements.sha256"


def install_peers(progress: Progress) -> None:
    """Create .venv-bench with the pinned peers; does nothing when the pins have not changed since.

    Raises: BenchmarkError when wrk is missing (after all else is done) or pip fails.
    """
    build_limit()
    wanted = hashlib.sha256(places.REQUIREMENTS.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        progress("the peers are installed already (.venv-bench)")
    else:
        progress("installing the peers into .venv-bench")
        python = str(places.PEERS_VENV / "bin" / "python")
        _run(sys.executable, "-m", "venv", str(places.PEERS_VENV))
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(places.REQUIREMENTS))
        _STAMP.write_text(wanted)
    check_wrk()


def build_limit() -> None:
    """Compile the limit server when its source is newer. Raises BenchmarkError without a C compiler."""
    if places.LIMIT.exists() and places.LIMIT.stat().st_mtime >= places.LIMIT_SOURCE.stat().st_mtime:
        return
    places.BUILD.mkdir(exist_ok=True)
    _run("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(places.LIMIT), str(places.LIMIT_SOURCE))


def _run(*command: str) -> None:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BenchmarkError(
            f"{command[0]} is not installed: run `apt-get install build-essential` (or your system's like)."
        ) from None
    if finished.returncode:
        raise BenchmarkError(f"`{' '.join(command)}` failed:\n{(finished.stderr or finished.stdout).strip()[-2000:]}")
