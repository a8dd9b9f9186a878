"""Make the suite able to run: its C programs, what is served, the peers, the load generators."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import sys
from pathlib import Path

from benchmarks import places
from benchmarks.failure import BenchmarkError
from benchmarks.measure.load import check_load_generators
from benchmarks.measure.probe import make_certificate
from benchmarks.rounds import Progress
from benchmarks.workloads import FILES

_STAMP = places.PEERS_VENV / "requirements.sha256"


def install_peers(progress: Progress) -> None:
    """Create .venv-bench with the pinned peers; does nothing when the pins have not changed since.

    Raises: BenchmarkError when a load generator is missing (after all else is done) or pip fails.
    """
    prepare()
    pins = places.REQUIREMENTS.read_bytes() + places.REQUIREMENTS_ALONE.read_bytes()
    wanted = hashlib.sha256(pins).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        progress("the peers are installed already (.venv-bench)")
    else:
        progress("installing the peers into .venv-bench")
        python = str(places.PEERS_VENV / "bin" / "python")
        _run(sys.executable, "-m", "venv", str(places.PEERS_VENV))
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run(*install, "-r", str(places.REQUIREMENTS))
        _run(*install, "--no-deps", "-r", str(places.REQUIREMENTS_ALONE))
        _STAMP.write_text(wanted)
    check_load_generators()


def prepare() -> None:
    """Make what every run needs and is not there: the C programs, the site, a certificate. Raises BenchmarkError."""
    places.BUILD.mkdir(exist_ok=True)
    _compile(places.LIMIT_SOURCE, places.LIMIT)
    _compile(places.FANOUT_LIMIT_SOURCE, places.FANOUT_LIMIT)
    _compile(places.FANOUT_SOURCE, places.FANOUT)
    public = places.SITE / "public"
    public.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (public / name).write_bytes(content)
    # The least that is a project of Spica's: routes, and the secret that production does not start without.
    config = places.SITE / "config"
    config.mkdir(exist_ok=True)
    (config / "app.toml").write_text(f'[app]\nsecret_key = "{secrets.token_urlsafe(48)}"\n')
    (config / "routes.py").write_text("def draw(r):\n    pass\n")
    if not places.KEY.exists():
        certificate, key = make_certificate()
        places.CERTIFICATE.write_text(certificate)
        places.KEY.write_text(key)


def _compile(source: Path, program: Path) -> None:
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _run("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source))


def _run(*command: str) -> None:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BenchmarkError(
            f"{command[0]} is not installed: run `apt-get install build-essential` (or your system's like)."
        ) from None
    if finished.returncode:
        raise BenchmarkError(f"`{' '.join(command)}` failed:\n{(finished.stderr or finished.stdout).strip()[-2000:]}")
