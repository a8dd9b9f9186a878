"""The preview: the statements of migrations, without running them on the database.

Rules of this file:
- They are run on an empty copy, because copying a SQLite table depends on what the table has: Alembic's offline mode
  can't write those statements.
- The copy has the tables and the history of the database, and none of its rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from spica.migrations.history import TABLE

_PARTS = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, rowid"
)
_COPIED = (TABLE, "sqlite_sequence")


@dataclass(frozen=True, slots=True)
class MigrationSql:
    """The statements of one migration."""

    version: str
    name: str
    statements: list[str]


def copy_structure(source: Path, copy: Path) -> None:
    """Make a SQLite database with the tables of another, its history and its counters, without its rows.

    Args:    source: a database's file; one that is not there is taken for an empty database; copy: a new file.
    """
    target = sqlite3.connect(copy, isolation_level=None)
    try:
        if source.exists():
            _copy(source, target)
    finally:
        target.close()


def _copy(source: Path, target: sqlite3.Connection) -> None:
    origin = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    try:
        for (sql,) in origin.execute(_PARTS):
            target.execute(sql)
        tables = {name for (name,) in origin.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in _COPIED:
            if table in tables:
                for row in origin.execute(f"SELECT * FROM {table}"):  # noqa: S608 - our two names
                    marks = ", ".join("?" * len(row))
                    target.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - as above
    finally:
        origin.close()


@contextmanager
def collecting(connection: sa.Connection) -> Iterator[list[str]]:
    """Collect the statements that change something, with their values written into the text."""
    statements: list[str] = []

    def collect(_: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if _changes(statement):
            statements.append(_literal(statement, context, connection.dialect))

    sa.event.listen(connection, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        sa.event.remove(connection, "before_cursor_execute", collect)


def _changes(statement: str) -> bool:
    word = statement.split(None, 1)[0].upper()
    return word != "SELECT" and (word != "PRAGMA" or "=" in statement)


def _literal(statement: str, context: Any, dialect: sa.Dialect) -> str:
    compiled = getattr(context, "compiled", None)
    if compiled is None or compiled.statement is None or not compiled.params:
        return statement.strip()
    return str(compiled.statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).strip()
