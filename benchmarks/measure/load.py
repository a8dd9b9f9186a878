"""One server under load from wrk: requests, latencies, and the CPU time that the server spent on them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time

from benchmarks import client, places
from benchmarks.failure import BenchmarkError
from benchmarks.figures import Sample
from benchmarks.processes import RunningServer, end_with_parent
from benchmarks.workloads import Workload

CONNECTIONS = 64
MARK = "RESULT "
_GIVE_UP_AFTER_S = 3600


def check_answer(running: RunningServer, workload: Workload) -> None:
    """Raise BenchmarkError unless the server gives the right answer, so that no error page is ever measured."""
    with client.connect(running.port) as connection:
        status, body = client.exchange(connection, workload.path)
    if status != 200 or not workload.accepts(body):
        raise BenchmarkError(
            f"{running.server.title} answers GET {workload.path} with {status} {body[:200]!r}; "
            f"200 and {workload.answer!r} are expected."
        )


def measure_load(running: RunningServer, workload: Workload, seconds: float) -> Sample:
    """Run wrk against the server for `seconds` and return what it counted beside what the server spent."""
    url = f"http://127.0.0.1:{running.port}{workload.path}"
    before_s = running.cpu_s()
    result = _run_wrk(url, workload.depth, seconds)
    spent_s = running.cpu_s() - before_s
    if not result["requests"]:
        raise BenchmarkError(f"{running.server.title} answered nothing on {workload.path} in {seconds:g} s.")
    # wrk times a batch, then corrects as if it had timed single requests: with pipelining its latencies mean nothing.
    alone = workload.depth == 1
    return Sample(
        requests=result["requests"],
        seconds=result["duration_us"] / 1e6,
        cpu_s=spent_s,
        p50_us=result["p50_us"] if alone else None,
        p99_us=result["p99_us"] if alone else None,
        errors=result["errors"],
    )


def _run_wrk(url: str, depth: int, seconds: float) -> dict[str, int]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{_GIVE_UP_AFTER_S}s", "-s", str(places.LOAD_SCRIPT), url]
    wrk = subprocess.Popen(
        [*command, "--", str(depth)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509 (the suite has one thread)
    )
    try:
        # wrk takes whole seconds only; an interrupt makes it stop and report, after any time.
        time.sleep(seconds)
        wrk.send_signal(signal.SIGINT)
        output, _ = wrk.communicate(timeout=30)
    finally:
        wrk.kill()
        wrk.wait()
    return parse_result(output)


def parse_result(output: str) -> dict[str, int]:
    """Find the line that load.lua prints in what wrk printed. Raises BenchmarkError when it is not there."""
    for line in output.splitlines():
        if line.startswith(MARK):
            result: dict[str, int] = json.loads(line.removeprefix(MARK))
            return result
    raise BenchmarkError(f"wrk gave no result. Its output:\n{output.strip()[-2000:]}")


def check_wrk() -> None:
    """Raise BenchmarkError when the load generator is missing."""
    if shutil.which("wrk") is None:
        raise BenchmarkError(
            "wrk, the load generator, is not installed: run `apt-get install wrk` (or your system's like)."
        )
