"""Locks: tables that others use, and other migrators; waited for a bounded time, and told who is in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from spica.migrations import MigrationFailed
from tests.adapters.migrations.conftest import Project


@contextmanager
def holding(project: Project, *statements: str) -> Iterator[threading.Event]:
    """Another session that has run statements and keeps what it locked, until the event is set or the block ends."""
    release, ready = threading.Event(), threading.Event()
    backend = project.new_runner().backend

    def hold() -> None:
        with backend.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            ready.set()
            release.wait(60)

    thread = threading.Thread(target=backend.run, args=(hold,))
    thread.start()
    try:
        assert ready.wait(30)
        yield release
    finally:
        release.set()
        thread.join()


@pytest.fixture
def server(posts: Project) -> Project:
    if posts.dialect == "sqlite":
        pytest.skip("a SQLite database has one write lock: tests/unit/migrations/test_processes.py")
    return posts


USE = ("BEGIN", "SELECT * FROM posts")


def test_a_table_in_use_is_tried_a_bounded_number_of_times(server: Project) -> None:
    server.write(2, 'm.add_column("posts", "n", "integer")')
    runner = server.new_runner(lock_timeout_s=1, attempts=2)
    with holding(server, *USE), pytest.raises(MigrationFailed, match="lock") as caught:
        runner.migrate()
    assert "session" in caught.value.why
    assert "tried 2 times for 1 s each" in caught.value.fix
    retries = [event.text for event in server.events if event.kind == "retrying"]
    assert len(retries) == 1
    assert "attempt 2 of 2 follows" in retries[0]
    assert "session" in retries[0]
    assert server.runner.status()[1].applied is False
    server.runner.migrate()
    assert "n" in server.schema_text()


def test_a_table_that_becomes_free_is_changed(server: Project) -> None:
    server.write(2, 'm.add_column("posts", "n", "integer")')
    runner = server.new_runner(lock_timeout_s=1, attempts=20)
    with holding(server, *USE) as release:

        def free() -> None:
            while "retrying" not in server.kinds():
                time.sleep(0.05)  # the runner tells by a call, in its own thread
            release.set()

        thread = threading.Thread(target=free)
        thread.start()
        runner.migrate()
        thread.join()
    assert server.runner.status()[1].applied


def test_rows_in_use_are_waited_for_as_well(server: Project) -> None:
    server.write(2, 'm.execute("update posts set title = \'new\' where id = 1", "select 1")')
    runner = server.new_runner(lock_timeout_s=1, attempts=2)
    with holding(server, "BEGIN", "UPDATE posts SET title = 'other' WHERE id = 1"), pytest.raises(MigrationFailed):
        runner.migrate()
    assert server.query("select title from posts where id = 1") == [("one",)]
    server.runner.migrate()
    assert server.query("select title from posts where id = 1") == [("new",)]


def test_another_migrator_is_told_and_waited_for(server: Project) -> None:
    server.write(2, 'm.add_column("posts", "n", "integer")')
    other = server.new_runner().backend
    release, ready = threading.Event(), threading.Event()

    def hold() -> None:
        with other.connect() as connection, other.locked(connection, lambda who: None):
            ready.set()
            release.wait(60)

    thread = threading.Thread(target=other.run, args=(hold,))
    thread.start()
    assert ready.wait(30)
    migrator = threading.Thread(target=server.runner.migrate)
    migrator.start()
    while "waiting" not in server.kinds():
        time.sleep(0.05)  # as above
    assert server.runner.status()[1].applied is False
    release.set()
    thread.join()
    migrator.join()
    waiting = next(event for event in server.events if event.kind == "waiting")
    assert "session" in waiting.text
    assert server.runner.status()[1].applied
