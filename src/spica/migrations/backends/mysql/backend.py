"""MariaDB and MySQL for the runner.

Rules of this file:
- A change of tables is no part of a transaction here: each operation is a stage of its own, written down before and
  after it, so that a run that was killed goes on where it was.
- The lock of migrators is a named one of the session. Its name holds the database's, for it is the whole server's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from spica.db.drivers.mysql.connection import open_connection
from spica.db.drivers.mysql.failures import STATEMENT_PROBLEMS, build_failure
from spica.db.errors import DatabaseError
from spica.db.options import ServerOptions, build_server_options
from spica.db.url import DatabaseUrl
from spica.migrations.backend import OnWait
from spica.migrations.backends.greenlets import check_greenlet
from spica.migrations.backends.mysql.catalog import MysqlCatalog
from spica.migrations.backends.mysql.executor import MysqlExecutor
from spica.migrations.backends.server import CONNECT_TIMEOUT_MS, ServerBackend
from spica.migrations.operations import Execute, Operation
from spica.migrations.stages import Stage

MAINTENANCE = "information_schema"
_HOLDER = """
    SELECT p.id, p.user, p.host, p.command, p.time FROM information_schema.processlist p
    WHERE p.id <> connection_id() AND p.id = is_used_lock(%s)
"""
_IN_TRANSACTION = """
    SELECT p.id, p.user, p.host, p.command, p.time FROM information_schema.processlist p
    JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id
    WHERE p.id <> connection_id() AND p.db = database()
"""
# Statements that are part of a transaction; any other may end it.
_OF_ROWS = re.compile(r"\s*(insert|update|delete|replace|select|with)\b", re.IGNORECASE)


class MysqlBackend(ServerBackend):
    """A database on a MariaDB or MySQL."""

    def __init__(self, url: DatabaseUrl) -> None:
        super().__init__(url)
        check_greenlet("mariadb")
        options = build_server_options(ServerOptions, url.options, "MariaDB")
        # An index on a large table takes what it takes; and no request waits for a connection that is slow to open.
        connect_timeout_ms = max(options.connect_timeout_ms, CONNECT_TIMEOUT_MS)
        self._options = replace(options, statement_timeout_ms=0, connect_timeout_ms=connect_timeout_ms)
        self._lock = f"spica.{hashlib.blake2b(url.name.encode(), digest_size=16).hexdigest()}"

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Open a connection without a statement timeout."""
        with self._connect(self.url) as connection:
            yield connection

    def exists(self) -> bool:
        """Whether the server has the database."""
        with self._connect_aside() as connection:
            return self._is_listed(connection)

    def create(self) -> bool:
        """Make the database, its text in utf8mb4."""
        with self._connect_aside() as connection:
            if self._is_listed(connection):
                return False
            self._run(connection, f"CREATE DATABASE {_quote(connection, self.url.name)} CHARACTER SET utf8mb4")
        return True

    def drop(self) -> bool:
        """Drop the database."""
        with self._connect_aside() as connection:
            if not self._is_listed(connection):
                return False
            self._run(connection, f"DROP DATABASE {_quote(connection, self.url.name)}")
        return True

    def try_lock(self, connection: sa.Connection) -> bool:
        """Take the session's lock."""
        return bool(connection.exec_driver_sql("SELECT get_lock(%s, 0)", (self._lock,)).scalar())

    def unlock(self, connection: sa.Connection) -> None:
        """Give it back."""
        connection.exec_driver_sql("SELECT release_lock(%s)", (self._lock,))

    def describe_holder(self, connection: sa.Connection) -> str:
        """Say which session has the lock."""
        return "; ".join(_describe(*row) for row in connection.exec_driver_sql(_HOLDER, (self._lock,)))

    def describe_blockers(self, connection: sa.Connection, table: str) -> str:
        """Say which sessions are in transactions here: which of them use a table, the server does not tell."""
        return "; ".join(_describe(*row) for row in connection.exec_driver_sql(_IN_TRANSACTION))

    @contextmanager
    def transaction(self, connection: sa.Connection, on_wait: OnWait, lock_timeout_s: float) -> Iterator[None]:
        """Begin a transaction for rows, whose statements wait for locks only so long."""
        run = connection.exec_driver_sql
        try:
            run(f"SET SESSION innodb_lock_wait_timeout = {max(1, int(lock_timeout_s))}")
            run("BEGIN")
            yield
            run("COMMIT")
        except sa.exc.DBAPIError as problem:
            raise self.build_failure(problem) from problem
        finally:
            if not connection.invalidated and _raw(connection).get_transaction_status():
                with suppress(sa.exc.DBAPIError):  # a lost connection: the server rolls back
                    run("ROLLBACK")
            connection.rollback()  # SQLAlchemy's own idea of a transaction, which holds nothing by now

    @contextmanager
    def without_transaction(self, connection: sa.Connection, lock_timeout_s: float) -> Iterator[None]:
        """Let a statement wait for a table only so long."""
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {max(1, int(lock_timeout_s))}")
        yield

    def divide(self, operations: Sequence[Operation]) -> list[Stage]:
        """Make each operation a stage; a change of rows is one transaction with what is written down of it."""
        return [
            Stage((operation,), isinstance(operation, Execute) and _OF_ROWS.match(operation.up) is not None)
            for operation in operations
        ]

    def build_executor(self, connection: sa.Connection) -> MysqlExecutor:
        """Build what carries operations out."""
        return MysqlExecutor(connection)

    def build_catalog(self, connection: sa.Connection) -> MysqlCatalog:
        """Build a look at the tables."""
        return MysqlCatalog(connection)

    def build_failure(self, problem: Exception) -> DatabaseError:
        """Turn an exception into ours; SQLAlchemy's wraps asyncmy's."""
        if isinstance(problem, sa.exc.DBAPIError) and isinstance(problem.orig, STATEMENT_PROBLEMS):
            return build_failure(problem.orig, problem.statement or "", self.url.place)
        return DatabaseError(str(problem), why=f"{type(problem).__name__} while the statement was built")

    @contextmanager
    def _connect(self, url: DatabaseUrl) -> Iterator[sa.Connection]:
        async def open_raw(*_: Any, **__: Any) -> Any:
            return (await open_connection(url, self._options)).raw

        engine = sa.create_engine(
            "mysql+asyncmy://",
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
        with self._connect(replace(self.url, name=MAINTENANCE)) as connection:
            yield connection

    def _is_listed(self, connection: sa.Connection) -> bool:
        found = connection.exec_driver_sql(
            "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (self.url.name,)
        )
        return found.first() is not None

    def _run(self, connection: sa.Connection, sql: str) -> None:
        try:
            connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        except sa.exc.DBAPIError as problem:
            raise self.build_failure(problem) from problem


def _quote(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _describe(number: int, user: str, host: str, command: str, seconds: int) -> str:
    return f"session {number} ({user} from {host}, {command.lower()} for {seconds} s)"
