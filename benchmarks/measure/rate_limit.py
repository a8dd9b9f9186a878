"""What counting clients costs RateLimit with very many of them: memory and microseconds, by one process or by several.

    python -m benchmarks.measure.rate_limit [--clients 1000000] [--workers 2]

Clients are addresses in random order, seeded. Each store is asked once for every client, then a million times for
clients chosen at random: the first tells what a new client costs, the second what a known one does. A client that was
forgotten starts anew: how many of those that were over their limit still are is the third figure.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import tempfile
import time
from pathlib import Path

from spica.middleware.rate import parse_rate
from spica.middleware.rate_limit_stores.shared import SharedStore

SEED = 20_261_121
RATE = parse_rate("5/hour")
HOSTILE = 1_000


def keys_of(clients: int) -> list[bytes]:
    """The keys, in random order."""
    keys = [f"default\0ip\0{number:032x}".encode() for number in range(clients)]
    random.Random(SEED).shuffle(keys)
    return keys


def visit(path: str, keys: list[bytes], times: int, seed: int) -> float:
    """Take a token for `times` of the keys. Returns microseconds of processor time each."""
    store = SharedStore(path)
    store.open()
    chosen = random.Random(seed).choices(keys, k=times)
    start = time.process_time()
    for key in chosen:
        store.take(key, RATE, 1)
    return (time.process_time() - start) / times * 1e6


def resident_mib() -> float:
    """Memory of this process that is its own or shared with the store, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--times", type=int, default=1_000_000)
    given = parser.parse_args()
    keys = keys_of(given.clients)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        path = str(Path(folder) / "limits")
        store = SharedStore(path)
        store.open()
        before = resident_mib()
        start = time.process_time()
        for key in keys:
            store.take(key, RATE, 1)
        new_us = (time.process_time() - start) / len(keys) * 1e6
        grown = resident_mib() - before
        print(f"{given.clients:,} clients  new {new_us:.2f} µs  memory +{grown:.1f} MiB", end="  ")
        print(f"file {sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20:.1f} MiB")
        print(f"known {visit(path, keys, given.times, SEED):.2f} µs  one process")
        with multiprocessing.get_context("fork").Pool(given.workers) as pool:
            each = given.times // given.workers
            costs = pool.starmap(visit, [(path, keys, each, SEED + number) for number in range(given.workers)])
        print(f"known {sum(costs) / len(costs):.2f} µs  {given.workers} processes at once")
        # Those who are over their limit while all the others come once more.
        hostile = [f"default\0ip\0hostile{number}".encode() for number in range(HOSTILE)]
        for key in hostile:
            for _ in range(6):
                store.take(key, RATE, 1)
        for number, key in enumerate(keys):
            store.take(key, RATE, 1)
            if number % 100 == 0:
                store.take(hostile[number // 100 % HOSTILE], RATE, 1)
        held = sum(not store.take(key, RATE, 1).is_allowed for key in hostile)
        print(f"{held} of {HOSTILE} over their limit still are, after {given.clients:,} others")


if __name__ == "__main__":
    main()
