"""Migrations that fail in the middle, and those that were interrupted: what is kept, what is told, how it goes on."""

from __future__ import annotations

import pytest

from spica.migrations import IrreversibleMigration, MigrationFailed
from spica.migrations.errors import InterruptedMigration
from tests.adapters.migrations.conftest import Project

HALF = 'm.add_column("posts", "a", "integer")\nm.execute("not sql", "select 1")\nm.add_column("posts", "b", "integer")'
RIGHT = HALF.replace("not sql", "update posts set a = 7")


def test_a_failure_in_the_middle_keeps_nothing_or_tells_the_steps(posts: Project) -> None:
    before = posts.schema_text()
    posts.write(2, HALF)
    with pytest.raises(MigrationFailed) as caught:
        posts.runner.migrate()
    posts.runner.dump()
    status = posts.runner.status()[1]
    assert status.applied is False
    if posts.dialect == "mysql":
        assert "    done  1. m.add_column" in caught.value.fix
        assert "  failed  2. m.execute" in caught.value.fix
        assert " to come  3. m.add_column" in caught.value.fix
        assert status.interrupted == "1 of 3 steps up are done"
    else:
        assert "nothing of this migration was kept" in caught.value.fix
        assert posts.schema_text() == before
        assert status.interrupted == ""
    posts.write(2, RIGHT)
    posts.runner.migrate()
    assert posts.query("select a, b from posts") == [(7, None), (7, None)]
    posts.runner.rollback()
    assert posts.schema_text() == before


def test_duplicates_refuse_a_unique_index_until_they_are_gone(posts: Project) -> None:
    posts.execute("update posts set title = title where id = 1")
    posts.write(2, 'm.add_index("posts", ["created_at"], unique=True, concurrently=True)')
    with pytest.raises(MigrationFailed):
        posts.runner.migrate()
    with pytest.raises(MigrationFailed):
        posts.runner.migrate()
    assert "created_at" not in posts.schema_text().partition("m.add_index")[2]
    posts.execute("update posts set created_at = '2026-01-02 00:00:00' where id = 2")
    posts.runner.migrate()
    assert 'm.add_index("posts", ["created_at"], unique=True)' in posts.schema_text()
    posts.runner.rollback()


def test_an_invalid_index_is_found_and_built_again(postgresql: Project, posts: Project) -> None:
    posts.write(2, 'm.add_index("posts", ["created_at"], unique=True, concurrently=True)')
    with pytest.raises(MigrationFailed):
        posts.runner.migrate()
    invalid = "select indisvalid from pg_index where indexrelid = to_regclass('index_posts_on_created_at')"
    assert posts.query(invalid) == [(False,)]
    posts.execute("update posts set created_at = '2026-01-02 00:00:00' where id = 2")
    posts.runner.migrate()
    assert posts.query(invalid) == [(True,)]


def test_a_database_in_use_is_not_dropped(postgresql: Project) -> None:
    from spica.db.errors import DatabaseError

    backend = postgresql.runner.backend

    def drop_while_connected() -> None:
        with backend.connect() as connection:
            connection.exec_driver_sql("select 1")
            backend.drop()

    with pytest.raises(DatabaseError, match="can't be dropped") as caught:
        backend.run(drop_while_connected)
    assert "session" in caught.value.why


@pytest.fixture
def mysql(posts: Project) -> Project:
    if posts.dialect != "mysql":
        pytest.skip("elsewhere a migration is one transaction")
    return posts


def test_what_was_done_is_undone_by_rollback(mysql: Project) -> None:
    before = mysql.schema_text()
    mysql.write(2, HALF)
    with pytest.raises(MigrationFailed):
        mysql.runner.migrate()
    assert [file.version for file in mysql.runner.rollback()] == ["20260101000002"]
    assert mysql.schema_text() == before
    assert mysql.runner.status()[0].applied
    assert mysql.runner.status()[1].interrupted == ""


def test_a_step_that_is_done_may_not_be_changed(mysql: Project) -> None:
    mysql.write(2, HALF)
    with pytest.raises(MigrationFailed):
        mysql.runner.migrate()
    mysql.write(2, RIGHT.replace('"a", "integer"', '"a", "string"'))
    with pytest.raises(InterruptedMigration, match="changed in a step that is done"):
        mysql.runner.migrate()


def test_up_without_a_known_way_back_is_finished_not_undone(mysql: Project) -> None:
    mysql.write(2, HALF, down='m.remove_column("posts", "a")')
    with pytest.raises(MigrationFailed):
        mysql.runner.migrate()
    with pytest.raises(IrreversibleMigration, match="was interrupted"):
        mysql.runner.rollback()


OPEN = 'm.execute("create table raw (id integer)", "drop table raw")\nm.add_column("posts", "a", "integer")'


def leave_open(project: Project) -> None:
    """What a run leaves that was killed while its first step, a statement of the migration's own, was running."""
    project.write(2, OPEN)
    project.runner.backend.run(lambda: _begin(project))


def _begin(project: Project) -> None:
    from spica.migrations.steps import Step, create_steps, write_step

    text = 'm.execute("create table raw (id integer)", "drop table raw")'
    with project.runner.backend.connect() as connection:
        create_steps(connection)
        write_step(connection, Step("20260101000002", 1, 2, "up", text, done=False))


def test_nobody_knows_whether_an_own_statement_happened(mysql: Project) -> None:
    leave_open(mysql)
    with pytest.raises(InterruptedMigration, match="interrupted in step 1 of 2") as caught:
        mysql.runner.migrate()
    assert "--interrupted done" in caught.value.fix
    assert "in: m.execute" in mysql.runner.status()[1].interrupted
    mysql.runner.migrate(interrupted="again")
    assert mysql.query("select count(*) from raw") == [(0,)]


def test_an_own_statement_may_be_said_to_have_happened(mysql: Project) -> None:
    leave_open(mysql)
    mysql.execute("create table raw (id integer, mark integer)")
    mysql.runner.migrate(interrupted="done")
    assert mysql.query("select mark from raw") == []
    assert mysql.runner.status()[1].applied
