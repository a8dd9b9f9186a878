"""PostgreSQL for the runner.

Rules of this file:
- A migration is a transaction, and waits for a table only so long: while it waits, all others wait behind it.
- What PostgreSQL refuses inside of a transaction (an index built concurrently) is a stage of its own.
- The lock of migrators is an advisory one of the session; a pooler that changes sessions must not be between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import asyncpg
import sqlalchemy as sa

from spica.db.drivers.postgresql.connection import open_connection
from spica.db.drivers.postgresql.failures import STATEMENT_PROBLEMS, build_failure
from spica.db.drivers.postgresql.options import PostgresqlOptions
from spica.db.errors import CannotOpen, DatabaseError
from spica.db.options import build_server_options
from spica.db.url import DatabaseUrl
from spica.migrations.backend import OnWait
from spica.migrations.backends.greenlets import check_greenlet
from spica.migrations.backends.postgresql.catalog import PostgresqlCatalog
from spica.migrations.backends.postgresql.executor import PostgresqlExecutor
from spica.migrations.backends.postgresql.sessions import describe_lock_holder, describe_table_users, describe_users
from spica.migrations.backends.server import CONNECT_TIMEOUT_MS, ServerBackend, describe_process
from spica.migrations.operations import AddIndex, Operation, RemoveIndex
from spica.migrations.stages import Stage

LOCK_KEY = 0x5350494341  # "SPICA": advisory locks are of one database, so that each has its own
MAINTENANCE = ("postgres", "template1")


class PostgresqlBackend(ServerBackend):
    """A database on a PostgreSQL."""

    def __init__(self, url: DatabaseUrl) -> None:
        super().__init__(url)
        check_greenlet("postgresql")
        options = build_server_options(PostgresqlOptions, url.options, "PostgreSQL")
        # An index on a large table takes what it takes; and no request waits for a connection that is slow to open.
        connect_timeout_ms = max(options.connect_timeout_ms, CONNECT_TIMEOUT_MS)
        self._options = replace(options, statement_timeout_ms=0, connect_timeout_ms=connect_timeout_ms)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Open a connection without a statement timeout, that says who it is."""
        with self._connect(self.url) as connection:
            yield connection

    def exists(self) -> bool:
        """Whether the server has the database."""
        with self._connect_aside() as connection:
            return self._is_listed(connection)

    def create(self) -> bool:
        """Make the database by the server's template."""
        with self._connect_aside() as connection:
            if self._is_listed(connection):
                return False
            self._run(connection, f"CREATE DATABASE {_quote(connection, self.url.name)}")
        return True

    def drop(self) -> bool:
        """Drop the database, unless others are connected to it."""
        with self._connect_aside() as connection:
            if not self._is_listed(connection):
                return False
            if users := describe_users(connection, self.url.name):
                raise DatabaseError(
                    f"the database {self.url.place} can't be dropped",
                    why=f"it is in use by {users}",
                    fix="stop the server and the consoles that use it",
                )
            self._run(connection, f"DROP DATABASE {_quote(connection, self.url.name)}")
        return True

    def try_lock(self, connection: sa.Connection) -> bool:
        """Take the session's advisory lock."""
        return bool(connection.exec_driver_sql("SELECT pg_try_advisory_lock($1)", (LOCK_KEY,)).scalar())

    def unlock(self, connection: sa.Connection) -> None:
        """Give it back."""
        connection.exec_driver_sql("SELECT pg_advisory_unlock($1)", (LOCK_KEY,))

    def describe_holder(self, connection: sa.Connection) -> str:
        """Say which session has the lock."""
        return describe_lock_holder(connection, LOCK_KEY)

    def describe_blockers(self, connection: sa.Connection, table: str) -> str:
        """Say which sessions have locks on a table."""
        return describe_table_users(connection, table)

    @contextmanager
    def transaction(self, connection: sa.Connection, on_wait: OnWait, lock_timeout_s: float) -> Iterator[None]:
        """Begin a transaction whose statements wait for locks only so long."""
        run = connection.exec_driver_sql
        try:
            run("BEGIN")
            run(f"SET LOCAL lock_timeout = {int(lock_timeout_s * 1000)}")
            yield
            run("COMMIT")
        except sa.exc.DBAPIError as problem:
            raise self.build_failure(problem) from problem
        finally:
            if not connection.invalidated and _raw(connection).is_in_transaction():
                with suppress(sa.exc.DBAPIError):  # a lost connection: the server rolls back
                    run("ROLLBACK")
            connection.rollback()  # SQLAlchemy's own idea of a transaction, which holds nothing by now

    @contextmanager
    def without_transaction(self, connection: sa.Connection, lock_timeout_s: float) -> Iterator[None]:
        """Wait without end: a concurrent build waits for older transactions and keeps nobody from working."""
        connection.exec_driver_sql("SET lock_timeout = 0")
        yield

    def divide(self, operations: Sequence[Operation]) -> list[Stage]:
        """Divide at operations that can't be in a transaction."""
        stages: list[Stage] = []
        together: list[Operation] = []
        for operation in operations:
            if isinstance(operation, AddIndex | RemoveIndex) and operation.concurrently:
                if together:
                    stages.append(Stage(tuple(together)))
                    together = []
                stages.append(Stage((operation,), in_transaction=False))
            else:
                together.append(operation)
        return [*stages, Stage(tuple(together))] if together or not stages else stages

    def build_executor(self, connection: sa.Connection) -> PostgresqlExecutor:
        """Build what carries operations out."""
        return PostgresqlExecutor(connection)

    def build_catalog(self, connection: sa.Connection) -> PostgresqlCatalog:
        """Build a look at the tables."""
        return PostgresqlCatalog(connection)

    def build_failure(self, problem: Exception) -> DatabaseError:
        """Turn an exception into ours; SQLAlchemy's wraps one that wraps asyncpg's."""
        if isinstance(problem, sa.exc.DBAPIError):
            cause = problem.orig.__cause__ if problem.orig is not None else None
            if isinstance(cause, STATEMENT_PROBLEMS):
                return build_failure(cause, problem.statement or "", self.url.place)
        return DatabaseError(str(problem), why=f"{type(problem).__name__} while the statement was built")

    @contextmanager
    def _connect(self, url: DatabaseUrl) -> Iterator[sa.Connection]:
        async def open_raw(*_: Any, **__: Any) -> Any:
            raw = (await open_connection(url, self._options)).raw
            await raw.execute(f"SET application_name = '{describe_process()[:63]}'")
            return raw

        engine = sa.create_engine(
            "postgresql+asyncpg://",
            connect_args={"async_creator_fn": open_raw},
            poolclass=sa.StaticPool,
            isolation_level="AUTOCOMMIT",
        )
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def _connect_aside(self) -> Iterator[sa.Connection]:
        """Connect to a database that is always there, for what is done to another one."""
        for number, name in enumerate(MAINTENANCE, 1):
            try:
                context = self._connect(replace(self.url, name=name))
                connection = context.__enter__()
            except CannotOpen:
                if number == len(MAINTENANCE):
                    raise
            else:
                try:
                    yield connection
                finally:
                    context.__exit__(None, None, None)
                return

    def _is_listed(self, connection: sa.Connection) -> bool:
        found = connection.exec_driver_sql("SELECT 1 FROM pg_database WHERE datname = $1", (self.url.name,))
        return found.first() is not None

    def _run(self, connection: sa.Connection, sql: str) -> None:
        try:
            connection.exec_driver_sql(sql)
        except sa.exc.DBAPIError as problem:
            raise self.build_failure(problem) from problem


def _quote(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _raw(connection: sa.Connection) -> asyncpg.Connection:
    raw: asyncpg.Connection = connection.connection.driver_connection
    return raw
