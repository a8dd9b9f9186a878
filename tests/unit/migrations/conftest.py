"""A project's db folder, with helpers to write migrations into it and to look at the database."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from textwrap import dedent, indent

import pytest

from spica.migrations import Event, Runner


class Project:
    """A db folder: migrations are written by `write`, run by `runner`, looked at by `query`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.migrations = root / "db" / "migrations"
        self.migrations.mkdir(parents=True)
        self.database = root / "db" / "test.db"
        self.schema = root / "db" / "schema.py"
        self.events: list[Event] = []
        self.runner = Runner(f"sqlite://{self.database}", self.migrations, self.schema, on_event=self.events.append)

    def write(self, version: int, change: str, *, name: str = "change", method: str = "change") -> str:
        """Write a migration whose method has this body. Returns its version, 14 digits."""
        text = f"{20260101000000 + version}"
        body = indent(dedent(change).strip() or "pass", " " * 8)
        head = "from spica.migrations import Migration\n\n\nclass Change(Migration):"
        source = f"{head}\n    def {method}(self, m):\n{body}\n"
        (self.migrations / f"{text}_{name}.py").write_text(source)
        return text

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def execute(self, sql: str) -> None:
        """Change the database itself."""
        connection = sqlite3.connect(self.database, isolation_level=None)
        connection.execute("pragma foreign_keys = on")
        connection.execute(sql)
        connection.close()

    def schema_text(self) -> str:
        """The dumped schema without the version, which is that of the last migration."""
        return self.schema.read_text().partition("def change")[2]

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return [str(row[1]) for row in self.query(f"pragma table_info({table})")]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


POSTS = """
    with m.create_table("users") as t:
        t.string("email", null=False)
    with m.create_table("posts") as t:
        t.string("title", limit=200, null=False)
        t.references("author", table="users", null=False, on_delete="cascade")
        t.boolean("published", default=False)
        t.timestamps()
    m.add_index("posts", ["title"], unique=True)
"""
