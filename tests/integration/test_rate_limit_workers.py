"""RateLimit is exact across processes: together they let through what one would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROCESS = """
import sys
from spica.middleware.rate import parse_rate
from spica.middleware.rate_limit_stores.shared import SharedStore
store, rate = SharedStore(sys.argv[1], sets=4), parse_rate("500/day")
store.open()
print("ready", flush=True)
sys.stdin.readline()
print(sum(store.take(b"one client", rate, 1).is_allowed for _ in range(400)))
"""


def test_three_processes_let_through_what_one_would(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "limits")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    allowed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(allowed) == 500
