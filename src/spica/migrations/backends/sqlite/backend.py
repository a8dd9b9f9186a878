"""SQLite for the runner: a file. Its write lock keeps other migrators out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from spica.db.errors import DatabaseError
from spica.migrations.backend import Backend, OnWait
from spica.migrations.backends.sqlite import connection as connections
from spica.migrations.backends.sqlite.catalog import SqliteCatalog
from spica.migrations.backends.sqlite.copying import copy_structure
from spica.migrations.backends.sqlite.executor import SqliteExecutor


class SqliteBackend(Backend):
    """A SQLite database in a file."""

    def exists(self) -> bool:
        """Whether the file is there."""
        return Path(self.url.path).exists()

    def create(self) -> bool:
        """Make the file."""
        existed = self.exists()
        with self.connect():
            return not existed

    def drop(self) -> bool:
        """Delete the file and those beside it."""
        existed = self.exists()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(self.url.path + suffix).unlink(missing_ok=True)
        return existed

    def connect(self) -> AbstractContextManager[sa.Connection]:
        """Open the file."""
        return connections.connect(self.url)

    def transaction(
        self, connection: sa.Connection, on_wait: OnWait, lock_timeout_s: float
    ) -> AbstractContextManager[None]:
        """Begin a transaction with the write lock. The lock is the whole database's, so no statement waits for one."""
        return connections.transaction(connection, self.url.path, on_wait=lambda: on_wait(""))

    @contextmanager
    def still(self, connection: sa.Connection, on_wait: OnWait) -> Iterator[None]:
        """Keep others from writing."""
        with connections.transaction(connection, self.url.path, on_wait=lambda: on_wait("")):
            yield

    def build_executor(self, connection: sa.Connection) -> SqliteExecutor:
        """Build what carries operations out."""
        return SqliteExecutor(connection)

    def build_catalog(self, connection: sa.Connection) -> SqliteCatalog:
        """Build a look at the tables."""
        return SqliteCatalog(connection)

    def build_failure(self, problem: Exception) -> DatabaseError:
        """Turn an exception into ours."""
        return connections.as_failure(problem, self.url.path)

    @contextmanager
    def scratch(self) -> Iterator[SqliteBackend]:
        """Make a database in a folder that goes away."""
        with tempfile.TemporaryDirectory(prefix="spica-") as folder:
            yield SqliteBackend(replace(self.url, path=f"{folder}/scratch.db", options={}))

    def copy_to(self, other: Backend) -> None:
        """Copy the structure."""
        copy_structure(Path(self.url.path), Path(other.url.path))
