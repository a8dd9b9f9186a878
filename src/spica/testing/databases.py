"""The database of a test, by what the configuration names.

Rules:
- A file is emptied first, so one whose name does not say that it is for tests is refused.
- One in memory is made for each test, with the tables that the migrations make.
- One in a file is migrated once per process, and each test is rolled back. Under pytest-xdist every worker has a
  file of its own, `test.sqlite3` beside `test-gw0.sqlite3`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from spica.app.application import App
from spica.config.settings import Settings
from spica.db import engine
from spica.db.url import parse_url
from spica.testing.errors import UnsafeTestDatabase
from spica.testing.n_plus_one import watched
from spica.testing.sandbox import rolled_back
from spica.testing.schema import create_tables

_prepared: set[str] = set()


def worker_url(url: str, worker: str) -> str:
    """The URL of a worker's own database: `test.sqlite3` is `test-gw0.sqlite3` for gw0.

    Args:    url: as configured; worker: the name of the xdist worker, "" without one.
    """
    location, question, query = url.partition("?")
    if not worker or location.endswith(":memory:"):
        return url
    folder, slash, name = location.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    named = f"{stem}-{worker}{dot}{ending}" if dot else f"{name}-{worker}"
    return f"{folder}{slash}{named}{question}{query}"


def settings_for(settings: Settings, worker: str) -> Settings:
    """The settings of a test process."""
    url = worker_url(settings.database.url, worker) if settings.database.url else ""
    if url == settings.database.url:
        return settings
    return msgspec.structs.replace(settings, database=msgspec.structs.replace(settings.database, url=url))


@contextlib.asynccontextmanager
async def started(app: App) -> AsyncIterator[App]:
    """Start an application for one test, with a database that has all tables and no rows."""
    configured = app.settings
    app.settings = settings_for(configured, os.environ.get("PYTEST_XDIST_WORKER", ""))
    url = app.settings.database.url
    in_file = bool(url and app.root is not None and not parse_url(url, root=app.root).in_memory)
    if in_file and app.root is not None:
        prepare(url, app.root)
    try:
        await app.startup()
        with watched(app):
            if in_file:
                async with rolled_back(engine.current()):
                    yield app
            else:
                await create_tables(app)
                yield app
    finally:
        await app.shutdown()
        app.settings = configured  # the same object serves the next test


def prepare(url: str, root: Path) -> None:
    """Make a test database's file anew with the project's migrations, once per process.

    Raises:  UnsafeTestDatabase: it may be somebody's data; MigrationError.
    """
    path = Path(parse_url(url, root=root).path)
    if str(path) in _prepared:
        return
    if "test" not in path.name:
        raise UnsafeTestDatabase(
            f"tests would empty the database {path.name}",
            where=str(path),
            why="the file of a test database is made anew, and this name does not say that it is one",
            fix='name it so in config/database.toml: [database.test] url = "sqlite://./db/test.sqlite3", or ":memory:"',
        )
    # Left over from a run before: its schema may be another branch's.
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    migrations = root / "db" / "migrations"
    if any(migrations.glob("*.py")):
        # Here and not above: Alembic takes half a second to import, which tests without migrations need not pay.
        import tempfile

        from spica.migrations.runner import Runner

        with tempfile.TemporaryDirectory() as scratch:
            Runner(url, migrations, Path(scratch) / "schema.py", root=root).migrate()
    _prepared.add(str(path))
