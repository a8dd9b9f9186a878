"""`sql`, `create` and `verify`: what would run, and whether every migration can be undone with rows in the tables."""

from __future__ import annotations

import sqlite3

import pytest

from spica.migrations import IrreversibleMigration, MigrationFailed
from spica.migrations.verification import compare_schemas
from tests.unit.migrations.conftest import POSTS, Project


def results(project: Project) -> list[tuple[str, str]]:
    return [(row.result, row.why) for row in project.runner.verify()]


def test_create_makes_an_empty_database_once(project: Project) -> None:
    assert project.runner.create() is True
    assert project.runner.create() is False
    assert project.query("select * from sqlite_master") == []


def test_sql_lists_what_would_run_and_runs_nothing(project: Project) -> None:
    project.write(1, POSTS, name="create_posts")
    (listed,) = project.runner.sql()
    assert listed.name == "create_posts"
    assert [statement.split("(")[0].strip() for statement in listed.statements] == [
        "CREATE TABLE users",
        "CREATE TABLE posts",
        "CREATE INDEX index_posts_on_author_id ON posts",
        "CREATE UNIQUE INDEX index_posts_on_title ON posts",
        "CREATE TABLE schema_migrations",
        "INSERT INTO schema_migrations",
    ]
    assert not project.database.exists()
    assert not project.schema.exists()


def test_sql_of_a_rebuild_does_to_the_database_what_migrate_does(project: Project) -> None:
    project.write(1, POSTS)
    project.runner.migrate()
    project.execute("insert into users (email) values ('a'), ('b')")
    project.execute("delete from users where id = 2")
    project.write(2, 'm.change_column("users", "email", "text", null=False)')
    (listed,) = project.runner.sql()
    assert project.columns("users") == ["id", "email"]
    connection = sqlite3.connect(project.database)
    connection.executescript(";\n".join(listed.statements))
    connection.close()
    assert [row.applied for row in project.runner.status()] == [True, True]
    project.runner.dump()
    assert 't.text("email", null=False)' in project.schema_text()
    project.execute("insert into users (email) values ('c')")
    assert project.query("select id, email from users") == [(1, "a"), (3, "c")]  # 2 is never given again


def test_sql_stops_at_a_version(project: Project) -> None:
    first = project.write(1, 'm.create_table("a")')
    project.write(2, 'm.create_table("b")')
    assert [row.version for row in project.runner.sql(first)] == [first]


def test_verify_runs_up_down_up_with_rows(project: Project) -> None:
    project.write(1, POSTS)
    project.write(
        2,
        'm.add_column("posts", "slug", "string", limit=3)\nm.add_index("posts", ["slug"], unique=True)\n'
        'with m.create_table("things") as t:\n    t.references("post", null=False)\n    t.references("thing")\n'
        '    t.uuid("key")\n    t.json("data")\n    t.decimal("price", precision=8, scale=2)\n    t.date("day")\n'
        '    t.binary("raw", null=False)\n    t.float("size")\n    t.text("body", null=False)',
    )
    project.write(3, 'm.remove_column("posts", "published", "boolean", default=False)')
    assert results(project) == [("reversible", "")] * 3
    assert [row.without_rows for row in project.runner.verify()] == [{}, {}, {}]
    assert not project.database.exists()


def test_verify_finds_what_only_rows_show(project: Project) -> None:
    project.write(1, POSTS)
    project.write(2, 'm.remove_column("posts", "title", "string", limit=200, null=False)')
    project.write(3, 'm.create_table("later")')
    (_, first), (result, why), (later, _) = results(project)
    assert (first, result, later) == ("", "failed", "reversible")
    assert "null=False needs a default for the rows that are there" in why


def test_verify_finds_a_way_back_that_leaves_other_tables(project: Project) -> None:
    project.write(1, POSTS)
    project.write(2, 'm.execute("create table a (id integer)", "select 1")')
    project.write(3, 'm.remove_column("users", "email", "text")')
    found = results(project)
    assert found[1][0] == "failed"
    assert "a" in found[1][1]


def test_verify_tells_how_the_tables_differ(project: Project) -> None:
    project.write(1, POSTS)
    project.write(2, 'm.remove_column("users", "email", "text")')
    assert results(project)[1] == (
        "failed",
        'going down left other tables:\n- t.string("email", null=False)\n+ t.text("email")\n'.rstrip("\n"),
    )


def test_a_migration_that_says_irreversible_is_one_way(project: Project) -> None:
    project.write(1, POSTS)
    version = project.write(2, 'm.execute("delete from posts")')
    path = next(project.migrations.glob(f"{version}*"))
    path.write_text(path.read_text().replace("    def", '    irreversible = "the rows are gone"\n\n    def', 1))
    assert results(project) == [("reversible", ""), ("one-way", "the rows are gone")]
    project.runner.migrate()
    with pytest.raises(IrreversibleMigration, match="can't be rolled back") as caught:
        project.runner.rollback()
    assert caught.value.why == "the rows are gone"


def test_a_table_whose_check_refuses_the_rows_is_named(project: Project) -> None:
    project.write(1, 'm.execute("create table a (id integer primary key, x integer check (x > 99))", "drop table a")')
    project.write(2, 'm.add_column("a", "y", "string")')
    first, second = project.runner.verify()
    assert first.result == second.result == "reversible"
    assert "CHECK" in second.without_rows["a"]


def test_a_migration_that_can_not_be_run_is_an_error(project: Project) -> None:
    project.write(1, 'm.execute("not sql", "")')
    with pytest.raises(MigrationFailed):
        project.runner.verify()


def test_schemas_are_the_same_when_a_column_came_back_at_the_end() -> None:
    head = 'def change(self, m):\n        with m.create_table("a") as t:\n'
    one, other = '            t.string("x")\n', '            t.text("y")\n'
    assert compare_schemas(head + one + other, head + other + one) == ""
    assert compare_schemas(head + one, head + other) == '- t.string("x")\n+ t.text("y")'
