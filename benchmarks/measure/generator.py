"""What all load generators have in common: a process that ends with the suite, and one line of JSON that it prints."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from benchmarks.failure import BenchmarkError
from benchmarks.processes import end_with_parent

MARK = "RESULT "
GIVE_UP_AFTER_S = 30.0


def start_generator(command: list[str], **pipes: Any) -> subprocess.Popen[str]:
    """Start a load generator whose output is read; `pipes` as subprocess takes them."""
    return subprocess.Popen(
        command,
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **pipes},
        text=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509 (the suite has one thread)
    )


def end_generator(generator: subprocess.Popen[str]) -> None:
    """End it, however far it is."""
    generator.kill()
    generator.wait()


def parse_result(output: str) -> dict[str, int]:
    """Find the line of JSON in what a generator printed. Raises BenchmarkError when it is not there."""
    for line in output.splitlines():
        if line.startswith(MARK):
            result: dict[str, int] = json.loads(line.removeprefix(MARK))
            return result
    raise BenchmarkError(f"The load generator gave no result. Its output:\n{output.strip()[-2000:]}")
