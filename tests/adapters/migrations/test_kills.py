"""Promise 38 on every database: migrators that are killed at any statement; the next run finishes their work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.adapters.migrations.conftest import Project

# A process that has imported everything and forks for each run: starting Python anew would take most of the time.
MIGRATOR = """
import os, signal, sys, traceback
from pathlib import Path
import sqlalchemy as sa
from spica.migrations import Runner

root, url = Path(sys.argv[1]), sys.argv[2]

def run(kill_at, way):
    count = 0

    def count_statement(*_):
        nonlocal count
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", count_statement)
    sa.event.listen(sa.Engine, "after_cursor_execute", count_statement)
    runner = Runner(url, root / "db/migrations", root / "db/schema.py",
                    on_event=lambda event: print(event.kind, event.version, event.text, file=sys.stderr, flush=True))
    runner.migrate() if way == "up" else runner.rollback(2)

Runner(url, root / "db/migrations", root / "db/schema.py").backend  # imports what it needs
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            kill_at, way = line.split()
            run(int(kill_at), way)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

CHANGES = [
    'with m.create_table("posts") as t:\n    t.string("title", null=False)\n    t.references("author", table="posts")\n'
    '    t.check("title <> \'\'", name="said")',
    'm.execute("insert into posts (title) values (\'1\')", "delete from posts")\n'
    'm.add_column("posts", "slug", "string")\n'
    'm.add_index("posts", ["slug"], concurrently=True)\n'
    'm.change_column("posts", "title", "text", null=True, was={"type": "string", "null": False})\n'
    'm.remove_reference("posts", "author", table="posts")\n'
    'm.rename_table("posts", "pages")\n'
    "m.execute(\"insert into pages (title) values ('2')\", \"delete from pages where title = '2'\")",
]


@contextmanager
def migrator(project: Project) -> Iterator[Callable[[int, str], int]]:
    """A function that runs `migrate` or `rollback` in another process, killed at a point. It gives the exit code."""
    command = [sys.executable, "-c", MIGRATOR, str(project.root), project.url]
    log = project.root / "migrator.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None

        def run(kill_at: int, way: str = "up") -> int:
            print(kill_at, way, file=process.stdin)
            code = int(process.stdout.readline())  # type: ignore[union-attr]
            assert code in (0, -9), log.read_text()
            return code

        yield run
        process.stdin.close()


@pytest.fixture
def two_changes(project: Project) -> Project:
    for number, change in enumerate(CHANGES, start=1):
        project.write(number, change)
    return project


def changing_points(project: Project) -> list[int]:
    """The points around statements that change something: before and after each; looks are left out."""
    import sqlalchemy as sa

    points: list[int] = []
    count = 0

    def before(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal count
        if statement.split(None, 1)[0].upper() not in ("SELECT", "SHOW", "PRAGMA", "SET"):
            points.extend((count, count + 1))
        count += 1

    def after(*_: object) -> None:
        nonlocal count
        count += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    sa.event.listen(sa.Engine, "after_cursor_execute", after)
    try:
        project.runner.migrate()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", before)
        sa.event.remove(sa.Engine, "after_cursor_execute", after)
    return points


def renew(project: Project) -> None:
    project.runner.drop()
    project.runner.create()
    project.schema.unlink(missing_ok=True)


@pytest.mark.timeout(600)
def test_killed_around_each_statement_the_next_run_finishes(two_changes: Project) -> None:
    project = two_changes
    points = changing_points(project)
    whole = project.schema.read_text()
    assert len(points) > 20
    with migrator(project) as run:
        for kill_at in points:
            renew(project)
            assert run(kill_at) == -9
            project.runner.migrate()
            assert project.query("select title from pages order by id") == [("1",), ("2",)], kill_at
            assert project.schema.read_text() == whole, kill_at
            assert [row.interrupted for row in project.runner.status()] == ["", ""]


@pytest.mark.timeout(600)
def test_killed_on_the_way_down_the_next_rollback_finishes(two_changes: Project) -> None:
    project = two_changes
    project.runner.migrate()
    with migrator(project) as run:
        for kill_at in range(8, 600, 23):  # of two migrations, each point another stage of the work
            code = run(kill_at, "down")
            left = sum(row.applied for row in project.runner.status())
            if left:
                project.runner.rollback(left)
            assert [row.applied for row in project.runner.status()] == [False, False], kill_at
            assert project.runner.backend.run(lambda: list_tables(project)) == [], kill_at
            if code == 0:
                return
            project.runner.migrate()
    pytest.fail("no run came to its end")


def list_tables(project: Project) -> list[str]:
    with project.runner.backend.connect() as connection:
        return project.runner.backend.build_catalog(connection).list_tables()


def test_of_four_deployers_at_once_each_migration_runs_in_one(two_changes: Project) -> None:
    project = two_changes
    command = [sys.executable, "-c", DEPLOY, str(project.root), project.url]
    deployers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [deployer.communicate(timeout=300) for deployer in deployers]
    assert [deployer.returncode for deployer in deployers] == [0, 0, 0, 0], outputs
    lines = [line for output, _ in outputs for line in output.splitlines()]
    for number in (1, 2):
        assert lines.count(f"finished 2026010100000{number}") == 1
    assert project.query("select title from pages order by id") == [("1",), ("2",)]


DEPLOY = """
import sys
from pathlib import Path
from spica.migrations import Runner

root, url = Path(sys.argv[1]), sys.argv[2]
Runner(url, root / "db/migrations", root / "db/schema.py",
       on_event=lambda event: print(event.kind, event.version, flush=True)).migrate()
"""
