"""The same migrations make the same tables on every database: the dump, the difference, the preview, the proof."""

from __future__ import annotations

from enum import Enum

import pytest

from spica.migrations import MigrationError
from spica.orm import Model, Text, field
from tests.adapters.migrations.conftest import Project

EVERY_KIND = """
    with m.create_table("kinds") as t:
        t.string("a", limit=40, null=False, default="it's")
        t.string("b")
        t.text("c", default="x")
        t.integer("d", default=3)
        t.bigint("e", null=False)
        t.float("f", default=0.5)
        t.decimal("g", precision=10, scale=2, default="9.9")
        t.boolean("h", default=True)
        t.date("i", default="2026-01-01")
        t.datetime("j", default=Sql("CURRENT_TIMESTAMP"))
        t.datetime("k", default="2026-01-01 10:00:00")
        t.time("l")
        t.json("m", default={"b": 1, "a": [1]})
        t.binary("n")
        t.uuid("o")
        t.timestamps()
        t.check("d >= 0 and a in ('it''s', 'b')", name="fits")
    with m.create_table("parts") as t:
        t.references("kind", null=False, on_delete="cascade")
        t.references("other", table="parts", index=False)
    m.add_index("kinds", ["a", "b"], unique=True)
"""
SCHEMA = """\
        with m.create_table("kinds") as t:
            t.string("a", limit=40, null=False, default="it's")
            t.string("b")
            t.text("c", default="x")
            t.integer("d", default=3)
            t.bigint("e", null=False)
            t.float("f", default=0.5)
            t.decimal("g", precision=10, scale=2, default="9.9")
            t.boolean("h", default=True)
            t.date("i", default="2026-01-01")
            t.datetime("j", default=Sql("CURRENT_TIMESTAMP"))
            t.datetime("k", default="2026-01-01 10:00:00")
            t.time("l")
            t.json("m", default="{\\"a\\":[1],\\"b\\":1}")
            t.binary("n")
            t.uuid("o")
            t.datetime("created_at", null=False)
            t.datetime("updated_at", null=False)
        m.add_check("kinds", "d >= 0 AND a IN ('it''s', 'b')", name="fits")
        m.add_index("kinds", ["a", "b"], unique=True)

        with m.create_table("parts") as t:
            t.references("kind", index=False, on_delete="cascade", null=False)
            t.references("other", index=False, table="parts")
        m.add_index("parts", ["kind_id"])
"""


def test_the_dump_is_one_text_on_all_databases_and_makes_the_same_tables(project: Project) -> None:
    project.write(1, EVERY_KIND)
    project.runner.migrate()
    assert project.schema_text() == SCHEMA
    with pytest.raises(MigrationError, match="has tables already: kinds, parts"):
        project.runner.load()
    project.runner.drop()
    project.runner.create()
    project.runner.load()
    assert project.runner.pending() == []
    project.runner.dump()
    assert project.schema_text() == SCHEMA
    project.runner.rollback()
    assert project.schema_text() == "        pass\n"


def test_create_and_drop_say_whether_there_was_a_database(project: Project) -> None:
    if project.dialect == "sqlite":
        project.runner.create()
    assert project.runner.create() is False
    assert project.runner.drop() is True
    assert project.runner.drop() is False
    assert project.runner.status() == []
    assert project.runner.create() is True


def test_sql_shows_what_would_run_and_changes_nothing(posts: Project) -> None:
    posts.write(2, 'm.add_column("posts", "slug", "string")\nm.add_index("posts", ["slug"])')
    (shown,) = posts.runner.sql()
    text = "\n".join(shown.statements)
    assert "ADD COLUMN" in text
    assert "INSERT INTO schema_migrations (version) VALUES ('20260101000002')" in text
    assert "schema_migration_steps" not in text
    assert shown.in_transaction == (posts.dialect != "mysql")
    assert posts.runner.status()[1].applied is False


def test_verify_proves_each_migration_with_rows_in_the_tables(posts: Project) -> None:
    posts.write(2, 'm.add_column("posts", "n", "integer", null=False, default=1)')
    posts.write(3, 'm.remove_column("posts", "title", "string", limit=200, null=False)')
    results = posts.runner.verify()
    assert [(result.result, result.without_rows) for result in results] == [
        ("reversible", {}),
        ("reversible", {}),
        ("failed", {}),
    ]
    assert "needs a default" in results[2].why


class Status(Enum):
    DRAFT = "draft"
    LIVE = "live"


class Wider(Enum):
    DRAFT = "draft"
    LIVE = "live"
    OLD = "it's old"


def write_difference(project: Project, version: int, model: type[Model]) -> list[str]:
    """Write what the difference wants as a migration. Returns its lines."""
    from spica.migrations.source import render_operation

    operations = project.runner.diff([model.__schema__]).operations
    lines = [line for operation in operations for line in render_operation(operation)]
    if lines:
        project.write(version, "\n".join(lines))
    return lines


def test_the_difference_makes_and_follows_a_model(project: Project) -> None:
    class Item(Model):
        name: str = field(max=40, unique=True)
        body: Text | None = None
        amount: int = 0
        status: Status = Status.DRAFT

    assert write_difference(project, 1, Item)
    project.runner.migrate()
    assert write_difference(project, 2, Item) == []
    assert "m.add_check(\"items\", \"status IN ('draft', 'live')\"" in project.schema_text()

    class Changed(Model, table="items"):
        name: str = field(max=80, unique=True)
        body: Text
        amount: int = 5
        status: Wider = Wider.DRAFT
        extra: bool = False

    lines = write_difference(project, 2, Changed)
    project.runner.migrate()
    assert write_difference(project, 3, Changed) == [], lines
    assert "status IN ('draft', 'live', 'it''s old')" in project.schema_text()
    project.runner.rollback()
    assert "status IN ('draft', 'live')" in project.schema_text()
    (project.migrations / "20260101000002_change.py").unlink()
    assert write_difference(project, 3, Item) == []
