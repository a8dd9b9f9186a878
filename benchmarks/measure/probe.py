"""Run a program of probes/ in a fresh interpreter on one core and read the JSON it prints."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from benchmarks import places
from benchmarks.failure import BenchmarkError
from benchmarks.processes import clean_environment

TIMEOUT_S = 60


def run_probe(name: str, *arguments: str, core: int | None = None) -> dict[str, Any]:
    """Run probes/`name` with the interpreter of .venv, on one core or any.

    Raises: BenchmarkError with its last words when it fails.
    """
    program = [str(places.VENV / "bin" / "python"), str(places.PROBES / name), *arguments]
    finished = subprocess.run(
        program if core is None else ["taskset", "-c", str(core), *program],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=clean_environment(),
        check=False,
    )
    if finished.returncode:
        raise BenchmarkError(f"probes/{name} failed: {finished.stderr.strip()[-1000:]}")
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def make_certificate() -> tuple[str, str]:
    """Return a certificate for localhost and its key, as PEM, made by Spica. Raises BenchmarkError when it can't."""
    made = run_probe("make_certificate.py")
    return made["certificate"], made["key"]
