"""Run a program of probes/ in a fresh interpreter on one core and read the JSON it prints."""

from __future__ import annotations

import json
import subprocess

from benchmarks import places
from benchmarks.failure import BenchmarkError
from benchmarks.processes import clean_environment

TIMEOUT_S = 60


def run_probe(name: str, *arguments: str, core: int) -> dict[str, float]:
    """Run probes/`name` with the interpreter of .venv. Raises BenchmarkError with its last words when it fails."""
    program = [str(places.VENV / "bin" / "python"), str(places.PROBES / name), *arguments]
    finished = subprocess.run(
        ["taskset", "-c", str(core), *program],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=clean_environment(),
        check=False,
    )
    if finished.returncode:
        raise BenchmarkError(f"probes/{name} failed: {finished.stderr.strip()[-1000:]}")
    result: dict[str, float] = json.loads(finished.stdout)
    return result
