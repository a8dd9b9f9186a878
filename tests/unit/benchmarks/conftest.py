"""Results to judge. The suite is a program beside the package and is not installed, so it is made importable here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from benchmarks.figures import Sample
from benchmarks.machine import Machine
from benchmarks.result import Result, Settings


@pytest.fixture
def result() -> Result:
    """An empty result of a machine that does not exist."""
    machine = Machine("Test CPU", 2, 8, "Linux 6", "3.12.1", "cc 12", busy_share=0.0)
    return Result("2026-11-21T10:00:00+00:00", machine, Settings(2.0, 1, 1, 100), {})


@pytest.fixture
def add_load(result):
    """Add one window of load to the result: requests in one second, and the server's CPU time for them."""

    def add(workload: str, server: str, requests: int, cpu_s: float = 1.0) -> None:
        window = Sample(requests, 1.0, cpu_s, p50_us=200, p99_us=900, errors=0)
        result.load.setdefault(workload, {})[server] = [window]

    return add
