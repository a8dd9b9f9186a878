"""The tables of a test's in-memory database: what the project's migrations make, replayed.

The migrations run once per process, on a file; their tables are then made anew for each test, which takes a
millisecond.
"""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from pathlib import Path

from spica.app.application import App
from spica.db import engine
from spica.db.url import parse_url


async def create_tables(app: App) -> None:
    """Make every table of the project in its configured database, when that is an empty one in memory."""
    url = app.settings.database.url
    if app.root is None or not url or not parse_url(url, root=app.root).in_memory:
        return
    database = engine.current()
    for statement in table_statements(app.root / "db"):
        await database.execute(statement)


@functools.cache
def table_statements(folder: Path) -> tuple[str, ...]:
    """Run the migrations of `folder` on a new database and give the statements that made its tables and indexes.

    Returns: CREATE statements in order of creation; () without migrations.
    Raises:  MigrationError: a migration fails.
    """
    migrations = folder / "migrations"
    if not any(migrations.glob("*.py")):
        return ()
    # Here and not above: Alembic takes half a second to import, which tests without migrations need not pay.
    from spica.migrations.runner import Runner

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "schema.sqlite3"
        Runner(f"sqlite://{file}", migrations, Path(scratch) / "schema.py").migrate()
        connection = sqlite3.connect(file)
        try:
            made = "select sql from sqlite_master where sql is not null and name not like 'sqlite_%'"
            rows = connection.execute(made)
            return tuple(sql for (sql,) in rows)
        finally:
            connection.close()
