"""The runner: what runs, in which order, what is undone, what is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.db.errors import DatabaseUrlError
from spica.migrations import (
    BadMigrationFile,
    IrreversibleMigration,
    MigrationError,
    MigrationFailed,
    MigrationStatus,
    NotMigratable,
    Runner,
    UnknownVersion,
)
from tests.unit.migrations.conftest import POSTS, Project


def create(table: str) -> str:
    return f'with m.create_table("{table}") as t:\n    t.string("name")\n'


def test_pending_migrations_run_in_order_once(project: Project) -> None:
    second = project.write(2, 'm.add_column("posts", "slug", "string")', name="add_slug")
    first = project.write(1, POSTS, name="create_posts")
    assert [file.version for file in project.runner.pending()] == [first, second]
    assert [file.version for file in project.runner.migrate()] == [first, second]
    assert "slug" in project.columns("posts")
    assert project.query("select version from schema_migrations") == [(first,), (second,)]
    assert project.runner.migrate() == []
    assert project.runner.pending() == []


def test_one_that_comes_late_with_an_early_version_runs_too(project: Project) -> None:
    project.write(2, create("b"))
    project.runner.migrate()
    late = project.write(1, create("a"))
    assert [file.version for file in project.runner.migrate()] == [late]


def test_events_tell_what_happens(project: Project) -> None:
    version = project.write(1, POSTS, name="create_posts")
    project.runner.migrate()
    project.runner.rollback()
    assert [(event.kind, event.version, event.name, event.direction) for event in project.events] == [
        ("started", version, "create_posts", "up"),
        ("finished", version, "create_posts", "up"),
        ("dumped", version, "", "up"),
        ("started", version, "create_posts", "down"),
        ("finished", version, "create_posts", "down"),
        ("dumped", "", "", "up"),
    ]
    assert project.events[1].seconds > 0


def test_status_lists_files_and_versions(project: Project) -> None:
    first = project.write(1, create("a"), name="create_a")
    assert project.runner.status() == [MigrationStatus(first, "create_a", applied=False)]
    assert not project.database.exists()  # looking makes nothing
    project.runner.migrate()
    second = project.write(2, create("b"), name="create_b")
    (project.migrations / f"{first}_create_a.py").unlink()
    assert project.runner.status() == [
        MigrationStatus(first, "", applied=True, missing=True),
        MigrationStatus(second, "create_b", applied=False),
    ]


def test_rollback_undoes_the_last_steps(project: Project) -> None:
    versions = [project.write(number, create(f"t{number}")) for number in (1, 2, 3)]
    project.runner.migrate()
    assert [file.version for file in project.runner.rollback()] == versions[2:]
    assert [file.version for file in project.runner.rollback(5)] == [versions[1], versions[0]]
    assert project.runner.rollback() == []
    assert project.query("select name from sqlite_master where name like 't%'") == []
    with pytest.raises(MigrationError, match="steps from 1"):
        project.runner.rollback(0)


def test_redo_undoes_and_runs_again(project: Project) -> None:
    version = project.write(1, create("a"))
    project.runner.migrate()
    project.execute("insert into a (name) values ('x')")
    assert [file.version for file in project.runner.redo()] == [version]
    assert project.query("select * from a") == []


def test_migrate_to_a_version_goes_up_or_down(project: Project) -> None:
    first, second, third = (project.write(number, create(f"t{number}")) for number in (1, 2, 3))
    assert [file.version for file in project.runner.migrate(second)] == [first, second]
    assert [file.version for file in project.runner.migrate(third)] == [third]
    assert [file.version for file in project.runner.migrate(first)] == [third, second]
    assert [file.version for file in project.runner.migrate("0")] == [first]
    with pytest.raises(UnknownVersion, match="has the version 2026"):
        project.runner.migrate("20260101000009")


def test_a_migration_that_fails_is_undone_wholly_and_the_next_run_goes_on(project: Project) -> None:
    project.write(1, create("a"))
    project.write(2, create("b") + 'm.add_column("a", "x", "string")\nm.execute("insert into nowhere values (1)")')
    project.write(3, create("c"))
    with pytest.raises(MigrationFailed) as caught:
        project.runner.migrate()
    assert "20260101000002_change.py failed: the database has no table 'nowhere'" in caught.value.what
    assert caught.value.where.endswith("20260101000002_change.py:9")
    assert project.query("select name from sqlite_master where type = 'table' and name in ('b', 'c')") == []
    assert project.columns("a") == ["id", "name"]
    assert len(project.query("select * from schema_migrations")) == 1
    project.write(2, create("b"))
    assert len(project.runner.migrate()) == 2


def test_rows_without_the_rows_they_refer_to_are_refused(project: Project) -> None:
    project.write(1, POSTS)
    project.runner.migrate()
    project.write(2, 'm.execute("insert into posts values (1, \'x\', 99, 0, 0, 0)", "delete from posts")')
    with pytest.raises(MigrationFailed, match="rows of posts would refer to rows of users"):
        project.runner.migrate()
    assert project.query("select * from posts") == []


def test_rollback_of_what_can_not_be_undone_changes_nothing(project: Project) -> None:
    project.write(1, create("a") + 'm.execute("insert into a (name) values (1)")')
    project.runner.migrate()
    with pytest.raises(IrreversibleMigration, match="can't be undone"):
        project.runner.rollback()
    assert project.query("select count(*) from a") == [(1,)]
    assert len(project.query("select * from schema_migrations")) == 1


def test_rollback_without_the_file_is_refused(project: Project) -> None:
    version = project.write(1, create("a"))
    project.runner.migrate()
    (project.migrations / f"{version}_change.py").unlink()
    with pytest.raises(UnknownVersion, match=version):
        project.runner.rollback()


def test_up_and_down_say_both_ways(project: Project) -> None:
    path = project.migrations / "20260101000001_both.py"
    path.write_text(
        "from spica.migrations import Migration\n\n\nclass Both(Migration):\n"
        '    def up(self, m):\n        m.execute("create table a (b)")\n\n'
        '    def down(self, m):\n        m.drop_table("a")\n'
    )
    project.runner.migrate()
    project.runner.rollback()
    assert project.query("select name from sqlite_master where name = 'a'") == []
    path.write_text(path.read_text().partition("    def down")[0])
    project.runner.migrate()
    with pytest.raises(IrreversibleMigration) as caught:
        project.runner.rollback()
    assert caught.value.why == "it has `up` and no `down`"


def test_load_makes_the_tables_of_the_dump(project: Project) -> None:
    project.write(1, POSTS)
    project.write(2, 'm.add_column("posts", "slug", "string")')
    project.runner.migrate()
    text = project.schema.read_text()
    assert project.runner.drop()
    assert not project.runner.drop()
    project.runner.load()
    assert project.runner.pending() == []
    assert project.runner.dump() == project.schema
    assert project.schema.read_text() == text
    with pytest.raises(MigrationError, match="has tables already: posts, users"):
        project.runner.load()


def test_load_without_a_dump_says_so(project: Project) -> None:
    with pytest.raises(MigrationError, match="there is no"):
        project.runner.load()


def test_load_leaves_later_migrations_pending(project: Project) -> None:
    project.write(1, create("a"))
    project.runner.migrate()
    later = project.write(2, create("b"))
    project.runner.drop()
    project.runner.load()
    assert [file.version for file in project.runner.pending()] == [later]


def test_without_migrations_there_is_an_empty_schema(project: Project) -> None:
    assert project.runner.migrate() == []
    assert "pass" in project.schema_text()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"create_posts.py": ""}, "not the name of a migration"),
        ({"2026_create_posts.py": ""}, "not the name of a migration"),
        ({"20260101000001_Posts.py": ""}, "not the name of a migration"),
        ({"20260101000001_a.py": "", "20260101000001_b.py": ""}, "two migrations have the version"),
        ({"20260101000001_a.py": ""}, "has 0 migration classes"),
        ({"20260101000001_a.py": "def ("}, "SyntaxError"),
        ({"20260101000001_a.py": "import nowhere_at_all"}, "ModuleNotFoundError"),
        (
            {"20260101000001_a.py": "from spica.migrations import Migration\nclass A(Migration): pass"},
            "A does nothing",
        ),
        (
            {
                "20260101000001_a.py": "from spica.migrations import Migration\n"
                "class A(Migration): pass\nclass B(A): pass"
            },
            "has 2 migration classes",
        ),
        (
            {
                "20260101000001_a.py": "from spica.migrations import Migration\nclass A(Migration):\n"
                "    def change(self, m):\n        m.create_tabel('x')"
            },
            "create_tabel",
        ),
    ],
)
def test_a_file_that_is_no_migration_is_named(project: Project, files: dict[str, str], says: str) -> None:
    for name, source in files.items():
        (project.migrations / name).write_text(source)
    with pytest.raises(BadMigrationFile) as caught:
        project.runner.migrate()
    assert says in str(caught.value)
    assert str(project.migrations) in caught.value.where or "does nothing" in says


def test_the_line_of_a_mistake_is_named(project: Project) -> None:
    project.write(1, 'x = 1\nm.add_column("a", "b", "strng")')
    with pytest.raises(MigrationError) as caught:
        project.runner.migrate()
    assert caught.value.where.endswith("20260101000001_change.py:7")
    assert caught.value.fix == "did you mean 'string'?"


def test_an_init_file_is_no_migration(project: Project) -> None:
    (project.migrations / "__init__.py").write_text("")
    assert project.runner.migrate() == []


def test_databases_that_can_not_be_migrated_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotMigratable):
        Runner("sqlite://:memory:", tmp_path, tmp_path / "schema.py")
    with pytest.raises(DatabaseUrlError):
        Runner("nosuch://x", tmp_path, tmp_path / "schema.py")
