"""wrk at full speed, until it is told to stop."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess

import pytest


class Wrk:
    """Sends requests for / on 16 connections; `stop` says how many were answered, `errors` how many were not."""

    @staticmethod
    def is_there() -> bool:
        """Whether it is installed."""
        return shutil.which("wrk") is not None

    def __init__(self, port: int, *, seconds: int = 1800) -> None:
        program = shutil.which("wrk")
        if program is None:
            pytest.skip("wrk is not installed: sh tools/wrk.sh")
        command = [program, "-t1", "-c16", f"-d{seconds}s", "--timeout", "10s", f"http://127.0.0.1:{port}/"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.errors = -1

    def __enter__(self) -> Wrk:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if nobody has."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it, and give the number of requests that were answered."""
        self._process.send_signal(signal.SIGINT)
        report, _ = self._process.communicate(timeout=30)
        found = re.search(r"(\d+) requests in", report)
        self.errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", report)))
        return int(found[1]) if found else 0
