"""The migrations' own connection: SQLAlchemy's, over a connection that Spica opened, one transaction a migration.

Rules of this file:
- BEGIN IMMEDIATE is sent by us. Python's sqlite3 module in its own transaction mode commits before DDL, and a migration
  that fails half-way would stay half-way.
- Foreign keys are off while tables are rebuilt, and checked before the commit.
- Who finds the write lock taken says so once and waits: of several migrators, one works.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from spica.db.drivers.sqlite.connection import open_connection
from spica.db.drivers.sqlite.failures import build_failure, is_busy
from spica.db.drivers.sqlite.options import build_options
from spica.db.errors import DatabaseError
from spica.db.url import DatabaseUrl
from spica.migrations.errors import MigrationFailed

LOCK_TIMEOUT_S = 300.0
POLL_MS = 250


@contextmanager
def connect(url: DatabaseUrl) -> Iterator[sa.Connection]:
    """Open the connection that migrations run on, in autocommit until `transaction` begins one."""
    raw = open_connection(url.path, build_options(url.options), query_only=False, wait=True)
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute(f"PRAGMA busy_timeout = {POLL_MS}")
    engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=sa.StaticPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
        raw.close()


@contextmanager
def transaction(connection: sa.Connection, path: str, *, on_wait: Callable[[], None]) -> Iterator[None]:
    """Begin a transaction with the write lock; commit it, or roll everything back when the block raises.

    Raises:  DatabaseBusy when the lock is not had in LOCK_TIMEOUT_S; MigrationFailed when rows would be left without
             the rows they refer to; DatabaseError and its subclasses for what the database refuses.
    """
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    _begin(raw, path, on_wait)
    try:
        broken_before = _count_broken(raw)
        yield
        if _count_broken(raw) > broken_before:
            raise _orphans(raw)
        raw.execute("COMMIT")
    except (sqlite3.Error, sa.exc.DBAPIError) as problem:
        raise as_failure(problem, path) from problem
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        connection.rollback()  # SQLAlchemy's own idea of a transaction, which holds nothing by now


def as_failure(problem: Exception, path: str) -> DatabaseError:
    """Turn an exception of SQLAlchemy or sqlite3 into ours."""
    if isinstance(problem, sa.exc.DBAPIError) and isinstance(problem.orig, Exception):
        return build_failure(problem.orig, problem.statement or "", path)
    if isinstance(problem, sqlite3.Error):
        return build_failure(problem, "", path)
    return DatabaseError(str(problem), why=f"{type(problem).__name__} while the statement was built")


def _begin(raw: sqlite3.Connection, path: str, on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    told = False
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as problem:
            if not is_busy(problem) or time.monotonic() > deadline:
                raise build_failure(problem, "BEGIN IMMEDIATE", path) from problem
        if not told:
            told = True
            on_wait()


def _count_broken(raw: sqlite3.Connection) -> int:
    return len(raw.execute("PRAGMA foreign_key_check").fetchall())


def _orphans(raw: sqlite3.Connection) -> MigrationFailed:
    table, rowid, parent, _ = raw.execute("PRAGMA foreign_key_check").fetchone()
    return MigrationFailed(
        f"rows of {table} would refer to rows of {parent} that do not exist",
        why=f"the row {rowid} of {table} is one",
        fix="delete or correct these rows in the migration, by m.execute, before the change",
    )
