"""The process of one subject: `python -m benchmarks.data.child MODULE URL`.

It reads a line `OPERATION COUNT` and answers with a line of JSON: microseconds a call, wall clock and CPU of the whole
process, or why it can't. With the count 0 it answers with what one call returned, as text.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import itertools
import json
import os
import sys
import time
from typing import Any

import uvloop

# Never the same value twice, nor another subject's: databases skip an update that changes nothing.
_numbers = itertools.count(os.getpid() % 2000 * 1_000_000)


async def serve(subject: Any, url: str) -> None:
    await subject.open(url)
    _say({"ready": True})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, count = line.split()
        try:
            step = getattr(subject, name)
            _say(await measure(step, int(count)) if int(count) else {"text": str(await step(1))})
        except Exception as error:  # another subject's mistake is one line of the report
            _say({"error": f"{type(error).__name__}: {error}"[:300]})
    await subject.close()


async def measure(step: Any, count: int) -> dict[str, float]:
    """Run a step many times."""
    gc.collect()
    numbers = list(itertools.islice(_numbers, count))
    wall, cpu = time.perf_counter(), time.process_time()
    for number in numbers:
        await step(number)
    return {
        "wall_us": (time.perf_counter() - wall) / count * 1e6,
        "cpu_us": (time.process_time() - cpu) / count * 1e6,
    }


def _say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    module = importlib.import_module(sys.argv[1])
    uvloop.run(serve(module.Subject(), sys.argv[2]))
