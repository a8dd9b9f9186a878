"""Opening connections and running one statement on them; every sqlite3 call that can fail is in this folder.

Why `synchronous=FULL`: in WAL mode NORMAL survives a killed process but may lose the last commits in a power cut. A
committed row must survive both, and group commit (writer.py) shares the cost between writes that wait together.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from spica.db.driver import Parameters, Row, Written
from spica.db.drivers.sqlite.failures import build_failure, is_busy, is_read_only
from spica.db.drivers.sqlite.functions import add_functions
from spica.db.drivers.sqlite.options import SqliteOptions
from spica.db.errors import TransactionOver
from spica.db.url import MEMORY

# What binding or running a statement raises besides sqlite3.Error: an integer beyond 64 bits, a lone surrogate.
STATEMENT_PROBLEMS = (sqlite3.Error, OverflowError, UnicodeError)

Fetch = Callable[[sqlite3.Connection, str, Parameters], Any]


def open_connection(path: str, options: SqliteOptions, *, query_only: bool, wait: bool) -> sqlite3.Connection:
    """Open a connection with Spica's settings.

    Args:    path: a file or ":memory:"; options: those of the URL; query_only: refuse writes on this connection;
             wait: whether statements may wait for locks (never on the event loop's thread).
    Returns: a connection in autocommit mode that any thread may use, one at a time.
    Raises:  CannotOpen and its relatives.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        connection.execute(f"PRAGMA busy_timeout = {options.busy_timeout_ms}")
        if path != MEMORY:
            _use_write_ahead_log(connection, options)
        connection.execute(f"PRAGMA synchronous = {options.synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        add_functions(connection)
        if query_only:
            connection.execute("PRAGMA query_only = ON")
        if not wait:
            connection.execute("PRAGMA busy_timeout = 0")
    except sqlite3.Error as problem:
        raise build_failure(problem, "", path) from problem
    return connection


def fetch_rows(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> list[Row]:
    """Run a statement and fetch its rows as tuples."""
    return connection.execute(sql, parameters).fetchall()


def fetch_named(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
    """Run a statement and fetch its rows as dicts by column name."""
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def run_write(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> Written:
    """Run a statement that changes rows."""
    cursor = connection.execute(sql, parameters)
    return Written(cursor.rowcount, cursor.lastrowid or 0)


def execute(connection: sqlite3.Connection, sql: str) -> None:
    """Run a statement without values or rows."""
    connection.execute(sql)


def commit(connection: sqlite3.Connection) -> None:
    """Commit the open transaction. Raises TransactionOver when the database has already rolled it back."""
    if not connection.in_transaction:
        raise transaction_over("COMMIT")
    connection.execute("COMMIT")


def roll_back(connection: sqlite3.Connection) -> None:
    """Roll back the open transaction, if there is one."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def transaction_over(sql: str) -> TransactionOver:
    """Build the error for a statement that came after SQLite ended the transaction by itself."""
    return TransactionOver(
        "the transaction was rolled back by the database",
        where=sql,
        why="an earlier statement failed in a way that ends a transaction, such as a full disk",
        fix="let that statement's error leave the transaction() block",
    )


def _use_write_ahead_log(connection: sqlite3.Connection, options: SqliteOptions) -> None:
    """Switch the file to WAL. SQLite's busy handler does not work here, so workers that start together take turns."""
    deadline = time.monotonic() + options.busy_timeout_ms / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as problem:
            if is_read_only(problem):
                return  # reading still works; the first write says what is wrong
            if not is_busy(problem) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
