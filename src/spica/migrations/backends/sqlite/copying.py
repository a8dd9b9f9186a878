"""Copying the structure of a SQLite database.

The statements that made its tables are run again, and not those of the dump: copying a table, which is how migrations
change it, depends on all that the table has.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from spica.migrations.history import TABLE

_PARTS = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, rowid"
)
_COPIED = (TABLE, "sqlite_sequence")


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
