"""Several processes on one file, and processes that die."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from spica.db import Database

WRITE = """
import asyncio, sys
from spica.db import Database

async def main():
    database = Database(f"sqlite://{sys.argv[1]}")
    for number in range(int(sys.argv[3])):
        async with database.transaction():
            [row] = await database.query("select value from counter")
            await database.execute("update counter set value = :value", value=row["value"] + 1)
            await database.execute("insert into log (text) values (:text)", text=f"{sys.argv[2]}-{number}")
        print(number, flush=True)
    await database.close()

asyncio.run(main())
"""


def start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITE, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def make(path: Path) -> Database:
    database = Database(f"sqlite://{path}")
    await database.execute("create table counter (value integer)")
    await database.execute("create table log (id integer primary key, text varchar)")
    await database.execute("insert into counter values (0)")
    return database


async def test_two_processes_that_write_lose_nothing(tmp_path: Path) -> None:
    database = await make(tmp_path / "shared.db")
    writers = [start(tmp_path / "shared.db", name, 60) for name in "ab"]
    for writer in writers:
        _, _ = writer.communicate(timeout=300)
        assert writer.returncode == 0
    assert await database.query("select value from counter") == [{"value": 120}]
    assert await database.query("select count(distinct text) as n from log") == [{"n": 120}]
    await database.close()


async def test_a_killed_process_loses_no_committed_row_and_leaves_no_half_one(tmp_path: Path) -> None:
    database = await make(tmp_path / "shared.db")
    writer = start(tmp_path / "shared.db", "w", 100_000)
    assert writer.stdout is not None
    reported = 0
    while reported < 25:
        reported = int(writer.stdout.readline()) + 1
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split()
    writer.wait()
    reported = max([reported, *(int(line) + 1 for line in rest)])
    [[value]] = [row.values() for row in await database.query("select value from counter")]
    [[logged]] = [row.values() for row in await database.query("select count(*) from log")]
    assert value == logged
    assert value in (reported, reported + 1)  # at most one commit was done and not yet printed
    await database.execute("update counter set value = 0")  # and its lock is gone
    await database.close()
