from __future__ import annotations

from pathlib import Path

from spica.migrations.runner import Runner
from tests.unit.checks.conftest import Check, places

FILE = "db/migrations/20260101000000_create_posts.py"
FILES = {
    "config/database.toml": '[database]\nurl = "sqlite://./db/x.sqlite3"\n[database.test]\nurl = "sqlite://:memory:"\n',
    FILE: "from spica.migrations import Migration\nclass CreatePosts(Migration):\n    def change(self, m):\n"
    '        with m.create_table("posts") as t:\n            t.string("title")\n',
}


def test_a_migration_that_has_not_run_is_told_and_told_no_more_when_it_has(check: Check, tmp_path: Path) -> None:
    (found,) = check("migrations", FILES)
    assert (found.place, found.severity) == (f"{FILE}:1", "warning")
    Runner("sqlite://./db/x.sqlite3", tmp_path / "db/migrations", tmp_path / "db/schema.py", root=tmp_path).migrate()
    assert check("migrations", FILES) == []


def test_a_database_in_memory_has_nothing_to_compare_with(check: Check) -> None:
    assert check("migrations", FILES, env="test") == []


def test_a_file_that_is_no_migration_is_told(check: Check) -> None:
    assert places(check("migrations", {**FILES, "db/migrations/posts.py": ""})) == ["db/migrations"]
