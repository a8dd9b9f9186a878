"""What database servers have in common: made and dropped by name, a lock that is asked for, a copy by the dump.

Rules of this file:
- The lock is asked for again and again and never waited for in a statement: a waiting statement is a transaction, for
  whose end an index that is built concurrently would wait.
- A scratch database is one more on the same server, dropped afterwards.
"""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from spica.db.errors import DatabaseBusy, DatabaseError
from spica.migrations.backend import Backend, OnWait
from spica.migrations.backends.greenlets import run_with_loop
from spica.migrations.dump import render_schema
from spica.migrations.files import load_class
from spica.migrations.history import add_versions, list_applied
from spica.migrations.migration import record_up

LOCK_TIMEOUT_S = 3600.0
POLL_S = 0.25
CONNECT_TIMEOUT_MS = 10_000
TELL_AGAIN_S = 30.0
_MAX_NAME = 40

T = TypeVar("T")


class ServerBackend(Backend):
    """A database on a server."""

    def run(self, work: Callable[[], T]) -> T:
        """Call work() in an event loop: the drivers of servers are asynchronous."""
        return run_with_loop(work)

    @contextmanager
    def locked(self, connection: sa.Connection, on_wait: OnWait) -> Iterator[None]:
        """Keep other migrators out for a whole run; the lock goes with the connection. Tells whom it waits for."""
        started = time.monotonic()
        told_at = None
        while not self.try_lock(connection):
            now = time.monotonic()
            holder = self.describe_holder(connection)
            if now - started > LOCK_TIMEOUT_S:
                raise DatabaseBusy(
                    f"another process has migrated {self.url.place} for longer than an hour",
                    why=holder,
                    fix="see whether it still works, and end it where it hangs",
                )
            if told_at is None or now - told_at > TELL_AGAIN_S:
                told_at = now
                on_wait(holder)
            time.sleep(POLL_S)
        try:
            yield
        finally:
            with suppress(sa.exc.SQLAlchemyError):  # a lost connection has lost the lock too
                self.unlock(connection)

    @abstractmethod
    def try_lock(self, connection: sa.Connection) -> bool:
        """Take the lock of migrators. Returns whether it was free."""

    @abstractmethod
    def unlock(self, connection: sa.Connection) -> None:
        """Give the lock back."""

    @abstractmethod
    def describe_holder(self, connection: sa.Connection) -> str:
        """Say who has the lock; "" when that is not known."""

    @contextmanager
    def scratch(self) -> Iterator[Backend]:
        """Make a database on the same server that goes away afterwards."""
        name = f"{self.url.name[:_MAX_NAME]}_scratch_{secrets.token_hex(4)}"
        backend = type(self)(replace(self.url, name=name))
        backend.create()
        try:
            yield backend
        finally:
            backend.drop()

    def copy_to(self, other: Backend) -> None:
        """Make the tables that the dump names, and write down the versions."""
        with self.connect() as connection:
            text = render_schema(self.build_catalog(connection), "")
            versions = list_applied(connection)
        with tempfile.TemporaryDirectory(prefix="spica-") as folder:
            path = Path(folder) / "schema.py"
            path.write_text(text, encoding="utf-8")
            operations = record_up(load_class(path, "spica_schema_copy"))
        with other.connect() as connection:
            executor = other.build_executor(connection)
            for operation in operations:
                try:
                    executor.run(operation)
                except sa.exc.SQLAlchemyError as problem:
                    failure = other.build_failure(problem)
                    raise DatabaseError(
                        f"the tables of {self.url.place} can't be made in a scratch database: {failure.what}",
                        where=failure.where,
                        why="what the dump does not know (types, extensions, keys of other names) is not copied",
                        fix="run the migrations on a copy of the database made by its own tools",
                    ) from problem
            add_versions(connection, versions)


def describe_process() -> str:
    """Name this process for those who wait for it."""
    return f"spica db, process {os.getpid()} on {socket.gethostname()}"
