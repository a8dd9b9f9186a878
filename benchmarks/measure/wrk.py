"""wrk: HTTP/1.1 on keep-alive connections, in clear text or over TLS."""

from __future__ import annotations

import signal
import time

from benchmarks import places
from benchmarks.client import get_cookies
from benchmarks.figures import Sample
from benchmarks.measure.generator import GIVE_UP_AFTER_S, end_generator, parse_result, start_generator
from benchmarks.processes import RunningServer
from benchmarks.workloads import Workload

CONNECTIONS = 64
_LONGEST_S = 3600


def load(running: RunningServer, workload: Workload, seconds: float) -> Sample:
    """Run wrk against the server for `seconds`."""
    cookies = get_cookies(running.port, workload.path) if workload.comes_back else ""
    before_s = running.cpu_s()
    result = parse_result(_run(running.url(workload.path), workload.depth, seconds, cookies))
    # wrk times a batch, then corrects as if it had timed single requests: with pipelining its latencies mean nothing.
    alone = workload.depth == 1
    return Sample(
        requests=result["requests"],
        seconds=result["duration_us"] / 1e6,
        cpu_s=running.cpu_s() - before_s,
        p50_us=result["p50_us"] if alone else None,
        p99_us=result["p99_us"] if alone else None,
        errors=result["errors"],
    )


def _run(url: str, depth: int, seconds: float, cookies: str) -> str:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{_LONGEST_S}s", "-s", str(places.LOAD_SCRIPT)]
    fields = ["-H", f"Cookie: {cookies}"] if cookies else []
    wrk = start_generator([*command, *fields, url, "--", str(depth)])
    try:
        # wrk takes whole seconds only; an interrupt makes it stop and report, after any time.
        time.sleep(seconds)
        wrk.send_signal(signal.SIGINT)
        output, _ = wrk.communicate(timeout=GIVE_UP_AFTER_S)
    finally:
        end_generator(wrk)
    return output
