"""h2load: HTTP/2, many streams on each connection; it tells no percentiles."""

from __future__ import annotations

import re
import subprocess

from benchmarks.failure import BenchmarkError
from benchmarks.figures import Sample
from benchmarks.measure.generator import end_generator, start_generator
from benchmarks.processes import RunningServer
from benchmarks.workloads import Workload

CONNECTIONS = 16
_ATTEMPTS = 3
_HANGS_AFTER_S = 5.0
_COUNTS = re.compile(r"^requests: .* (\d+) done, (\d+) succeeded", re.MULTILINE)
_DURATION = re.compile(r"^finished in ([\d.]+)(us|ms|s),", re.MULTILINE)
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def load(running: RunningServer, workload: Workload, seconds: float) -> Sample:
    """Run h2load against the server for `seconds`."""
    shape = ["-t1", f"-c{CONNECTIONS}", f"-m{workload.depth}", f"--duration={seconds * 1000:.0f}ms"]
    for _ in range(_ATTEMPTS):
        before_s = running.cpu_s()
        output = _run(["h2load", *shape, running.url(workload.path)], seconds + _HANGS_AFTER_S)
        spent_s = running.cpu_s() - before_s
        if output is not None:
            break
    else:
        raise BenchmarkError(f"h2load did not end on {running.server.title}, {_ATTEMPTS} times.")
    done, succeeded, duration_s = parse_output(output)
    return Sample(succeeded, duration_s, spent_s, p50_us=None, p99_us=None, errors=done - succeeded)


def _run(command: list[str], timeout_s: float) -> str | None:
    """Return what it printed; None when it hangs, as it does when its time is over before all connections are open."""
    h2load = start_generator(command)
    try:
        output: str = h2load.communicate(timeout=timeout_s)[0]
    except subprocess.TimeoutExpired:
        return None
    finally:
        end_generator(h2load)
    return output


def parse_output(output: str) -> tuple[int, int, float]:
    """Return requests done, requests that succeeded, and seconds. Raises BenchmarkError when they are not told."""
    counts, duration = _COUNTS.search(output), _DURATION.search(output)
    if not counts or not duration:
        raise BenchmarkError(f"h2load gave no result. Its output:\n{output.strip()[-2000:]}")
    return int(counts[1]), int(counts[2]), float(duration[1]) * _UNITS_S[duration[2]]
