"""Promise 38: migrators that die at any statement, and several at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from tests.unit.migrations.conftest import Project

MIGRATE = """
import sys
from pathlib import Path
from spica.migrations import Runner

root = Path(sys.argv[1])
runner = Runner(f"sqlite://{root}/db/test.db", root / "db/migrations", root / "db/schema.py",
                on_event=lambda event: print(event.kind, event.version, flush=True))
kill_at = int(sys.argv[2])
if kill_at >= 0:
    import os, signal, sqlite3
    count = 0

    def trace(statement):
        global count
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    connect = sqlite3.connect

    def traced(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(trace)
        return connection

    sqlite3.connect = traced
runner.migrate()
if kill_at >= 0:
    print("statements", count)
"""

CHANGES = [
    'with m.create_table("posts") as t:\n    t.string("title", null=False)\n    t.references("author", table="posts")',
    'm.execute("insert into posts (title) values (1)", "delete from posts")\n'
    'm.add_column("posts", "slug", "string")\n'
    'm.change_column("posts", "title", "text", null=True, was={"type": "string", "null": False})\n'
    'm.execute("insert into posts (title) values (2)", "delete from posts")',
]


def start(project: Project, kill_at: int = -1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MIGRATE, str(project.root), str(kill_at)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def two_changes(project: Project) -> Project:
    for number, change in enumerate(CHANGES, start=1):
        project.write(number, change)
    return project


def test_killed_at_statements_all_over_the_run_the_next_one_finishes(two_changes: Project) -> None:
    project = two_changes
    killed, finished = 0, False
    step = 5  # every fifth statement of about a hundred; each run starts from an empty folder
    for kill_at in range(0, 400, step):
        migrator = start(project, kill_at)
        migrator.communicate(timeout=300)
        if migrator.returncode == 0:
            finished = True
            break
        killed += 1
        check_whole(project)
        project.runner.migrate()
        assert project.query("select title from posts order by id") == [("1",), ("2",)]
        assert project.query("select count(*) from schema_migrations") == [(2,)]
        project.runner.drop()
        project.schema.unlink()
    assert finished
    assert killed > 10


def check_whole(project: Project) -> None:
    """Each migration happened wholly, or not at all."""
    if not project.database.exists():
        return
    tables = {name for (name,) in project.query("select name from sqlite_master where type = 'table'")}
    versions = len(project.query("select * from schema_migrations")) if "schema_migrations" in tables else 0
    assert ("posts" in tables) == (versions >= 1)
    if versions:
        assert project.query("select count(*) from posts") == [(2 if versions == 2 else 0,)]
        assert ("slug" in project.columns("posts")) == (versions == 2)
    assert not [name for name in tables if name.startswith("_alembic")]


def test_of_four_migrators_at_once_each_migration_runs_in_one(two_changes: Project) -> None:
    project = two_changes
    project.write(
        3,
        'm.execute("create table slow as with recursive n (x) as (select 1 union all select x + 1'
        ' from n where x < 300000) select x from n", "drop table slow")',
    )
    migrators = [start(project) for _ in range(4)]
    outputs = [migrator.communicate(timeout=300) for migrator in migrators]
    assert [migrator.returncode for migrator in migrators] == [0, 0, 0, 0], outputs
    lines = [line for output, _ in outputs for line in output.splitlines()]
    for number in (1, 2, 3):
        assert lines.count(f"finished 2026010100000{number}") == 1
    assert project.query("select title from posts order by id") == [("1",), ("2",)]


def test_a_lock_that_is_taken_is_told_and_waited_for(two_changes: Project) -> None:
    project = two_changes
    project.runner.migrate("20260101000001")
    project.events.clear()
    other = sqlite3.connect(project.database, isolation_level=None)
    other.execute("begin immediate")
    migrator = start(project)
    assert migrator.stdout is not None
    assert migrator.stdout.readline().strip() == "waiting"
    other.execute("commit")
    other.close()
    output, problems = migrator.communicate(timeout=300)
    assert migrator.returncode == 0, problems
    assert "finished 20260101000002" in output
