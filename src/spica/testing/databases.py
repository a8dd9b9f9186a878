"""The database of a test, by what the configuration names.

Rules:
- A database is emptied first, so one whose name does not say that it is for tests is refused.
- One in memory is made for each test, with the tables that the migrations make.
- One in a file, or on a server, is made anew and migrated once per process, and each test is rolled back. Under
  pytest-xdist every worker has its own: `test.sqlite3` beside `test-gw0.sqlite3`, `blog_test` beside `blog_test-gw0`.
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
    is_kept = bool(url and app.root is not None and not parse_url(url, root=app.root).in_memory)
    if is_kept and app.root is not None:
        prepare(url, app.root)
    try:
        await app.startup()
        with watched(app):
            if is_kept:
                async with rolled_back(engine.current()):
                    yield app
            else:
                await create_tables(app)
                yield app
    finally:
        await app.shutdown()
        app.settings = configured  # the same object serves the next test


def prepare(url: str, root: Path) -> None:
    """Make a test database anew with the project's migrations, once per process.

    Raises:  UnsafeTestDatabase: it may be somebody's data; MigrationError, DatabaseError.
    """
    parsed = parse_url(url, root=root)
    if parsed.place in _prepared:
        return
    path = Path(parsed.path)
    name = path.name if parsed.path else parsed.name
    if "test" not in name:
        raise UnsafeTestDatabase(
            f"tests would empty the database {name}",
            where=parsed.place,
            why="a test database is made anew, and this name does not say that it is one",
            fix='name it so in config/database.toml: [database.test] url = "sqlite://./db/test.sqlite3", or ":memory:"',
        )
    migrations = root / "db" / "migrations"
    has_migrations = any(migrations.glob("*.py"))
    # Left over from a run before: its schema may be another branch's.
    if parsed.path:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
    if has_migrations or not parsed.path:
        # Here and not above: Alembic takes half a second to import, which tests without migrations need not pay.
        import tempfile

        from spica.migrations.runner import Runner

        with tempfile.TemporaryDirectory() as scratch:
            runner = Runner(url, migrations, Path(scratch) / "schema.py", root=root)
            if not parsed.path:
                runner.drop()
                runner.create()
            if has_migrations:
                runner.migrate()
    _prepared.add(parsed.place)
