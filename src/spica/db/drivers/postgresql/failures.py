"""PostgreSQL's and asyncpg's exceptions as the errors of spica.db.errors.

Rules of this file:
- The server's message may be shown, its detail never: that holds the row's values.
- What matters is the SQLSTATE, whose first two characters are the class; texts are in the server's language.
"""

from __future__ import annotations

import re

from asyncpg import InterfaceError, InternalClientError, PostgresError

from spica.db.errors import (
    BadValue,
    CannotOpen,
    ColumnMissing,
    ConstraintKind,
    ConstraintViolation,
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    DiskFull,
    Excess,
    ReadOnlyDatabase,
    StatementTimeout,
    TableMissing,
    TransactionConflict,
    TransactionOver,
)

# What a statement raises besides asyncpg's own: a lost connection, a timeout, a value that asyncpg can't convert.
# InternalClientError is what asyncpg says of a connection that the server ended while nobody used it.
STATEMENT_PROBLEMS = (
    PostgresError,
    InterfaceError,
    InternalClientError,
    OSError,
    TimeoutError,
    ValueError,
    TypeError,
    OverflowError,
)

_CONSTRAINT_KINDS: dict[str, ConstraintKind] = {
    "23505": "unique",
    "23P01": "unique",
    "23503": "foreign key",
    "23502": "not null",
    "23514": "check",
}
_KEY = re.compile(r"\((.*?)\)=\(")
_TOO_LONG = re.compile(r"value too long for type character(?: varying)?\((\d+)\)")
_OUT_OF_RANGE = re.compile(r"(?:smallint|integer|bigint) out of range|value out of int\d+ range")
_QUOTED = re.compile(r'"([^"]+)"')
_REFUSED = ("28000", "28P01", "3D000", "42501")
_FULL = "53300"
_GONE = ("57P01", "57P02", "57P03", _FULL)


def build_failure(problem: Exception, sql: str, place: str) -> DatabaseError:
    """Turn an exception into ours.

    Args:    problem: one of STATEMENT_PROBLEMS; sql: the statement; place: the server and the database.
    Returns: the error to raise, `from` the original.
    """
    if isinstance(problem, PostgresError):
        return _build_by_state(problem, sql, place)
    if isinstance(problem, TimeoutError):
        return StatementTimeout(
            "a statement took longer than statement_timeout_ms and was cancelled",
            where=sql,
            fix="make it faster (an index?), or raise the time in the database's URL",
        )
    if isinstance(problem, ValueError | TypeError | OverflowError):  # asyncpg's DataError is a ValueError
        return BadValue(f"a value can't be given to the database: {_without_values(problem)}", where=sql)
    return DatabaseUnavailable(f"the connection to {place} was lost", where=sql, why=str(problem))


def is_undone(problem: Exception) -> bool:
    """Whether a statement was refused because one before it failed in the same transaction."""
    return isinstance(problem, PostgresError) and problem.sqlstate == "25P02"


def build_undone(what: str, failed: str, sql: str = "") -> TransactionOver:
    """Build the error for a transaction that PostgreSQL undid because a statement in it failed: `failed`."""
    return TransactionOver(
        what,
        where=sql,
        why=f"PostgreSQL undoes all of a transaction in which a statement failed: {failed}",
        fix="put what may be refused, a save too, in a block of its own, and go on after it: async with transaction():",
    )


def build_connect_failure(problem: Exception, place: str) -> DatabaseError:
    """Turn what went wrong while a connection was opened into ours."""
    if isinstance(problem, PostgresError) and problem.sqlstate in _REFUSED:
        return CannotOpen(
            f"the database {place} can't be opened",
            why=str(problem),
            fix="check user, password and name in config/database.toml; where it is missing: spica db create",
        )
    if isinstance(problem, PostgresError) and problem.sqlstate == _FULL:
        return DatabaseUnavailable(
            f"the database {place} takes no more connections",
            why=str(problem),
            fix="give each process a smaller pool_size, or the server a larger max_connections",
        )
    return DatabaseUnavailable(
        f"the database {place} does not answer",
        why=str(problem) or "no answer within connect_timeout_ms",
        fix="start the server, or correct host and port in config/database.toml",
    )


def _build_by_state(problem: PostgresError, sql: str, place: str) -> DatabaseError:
    state, text = problem.sqlstate or "", problem.args[0] if problem.args else ""
    if state.startswith("08") or state in _GONE:
        return DatabaseUnavailable(f"the connection to {place} was lost", where=sql, why=text)
    if state.startswith("23"):
        return _build_violation(problem, sql, text)
    match state:
        case "40001" | "40P01":
            return TransactionConflict(
                f"another transaction was in the way: {text}",
                where=sql,
                why="the database undid this one to let the other one go on",
                fix="do the whole transaction again: await db.run_transaction(work, retry=3)",
            )
        case "55P03":
            return DatabaseBusy("a lock was not free in time", where=sql, why=text)
        case "57014":
            return StatementTimeout("the server cancelled a statement", where=sql, why=text)
        case "42P01":
            return TableMissing(f"the database has no table {_quoted(text)!r}", where=sql, fix="run: spica db migrate")
        case "42703":
            return ColumnMissing(
                f"the database has no column {_quoted(text)!r}",
                where=sql,
                fix="add it by a migration, then run: spica db migrate",
            )
        case "53100":
            return DiskFull(f"the disk of {place} is full", where=sql, fix="free some space")
        case "25006":
            return ReadOnlyDatabase(
                f"the database {place} can't be written here",
                where=sql,
                why=text,
                fix="write outside of a transaction that only reads, and not on a replica",
            )
    if state.startswith("22"):
        return _build_bad_value(f"a value can't be stored: {text}", sql)
    return DatabaseError(f"the database refused the statement: {text}", where=sql)


def _build_bad_value(what: str, sql: str) -> BadValue:
    if length := _TOO_LONG.search(what):
        return BadValue(what, where=sql, excess=Excess(characters=int(length[1])))
    return BadValue(what, where=sql, excess=Excess() if _OUT_OF_RANGE.search(what) else None)


def _build_violation(problem: PostgresError, sql: str, text: str) -> ConstraintViolation:
    kind = _CONSTRAINT_KINDS.get(problem.sqlstate or "", "other")
    table = getattr(problem, "table_name", None) or ""
    columns: tuple[str, ...] = ()
    if column := getattr(problem, "column_name", None):
        columns = (column,)
    elif key := _KEY.search(getattr(problem, "detail", None) or ""):
        columns = tuple(name.strip('"') for name in key[1].split(", "))
    return ConstraintViolation(text, kind=kind, table=table, columns=columns, where=sql)


def _quoted(text: str) -> str:
    """Find the name in a message: `relation "posts" does not exist`, `column posts.titel does not exist`."""
    if found := _QUOTED.search(text):
        return found[1]
    return next((word for word in text.split() if "." in word), text)


def _without_values(problem: Exception) -> str:
    """asyncpg shows the value, before the reason in brackets: `invalid input for query argument $1: 'x' (why)`."""
    text = str(problem)
    start, end = text.find(": "), text.rfind(" (")
    return text[:start] + text[end:] if text.startswith("invalid input") and 0 < start < end else text
