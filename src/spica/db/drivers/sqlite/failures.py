"""SQLite's exceptions as the errors of spica.db.errors. The text of a statement may be shown; its values never are."""

from __future__ import annotations

import re
import sqlite3

from spica.db.errors import (
    BadValue,
    CannotOpen,
    ColumnMissing,
    ConstraintKind,
    ConstraintViolation,
    DamagedDatabase,
    DatabaseBusy,
    DatabaseError,
    DiskFull,
    Excess,
    ReadOnlyDatabase,
    TableMissing,
)
from spica.db.placeholders import build_missing

_CONSTRAINT_KINDS: dict[int, ConstraintKind] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: "unique",
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
    sqlite3.SQLITE_CONSTRAINT_ROWID: "unique",
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: "foreign key",
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: "not null",
    sqlite3.SQLITE_CONSTRAINT_CHECK: "check",
}
_MISSING = re.compile(r"^You did not supply a value for binding(?: parameter)? :(\w+)")
_COLUMN = re.compile(r"no such column: (\S+)|has no column named (\S+)")


def is_interrupted(problem: sqlite3.Error) -> bool:
    """Whether a progress handler or `interrupt()` ended the statement."""
    return primary_code(problem) == sqlite3.SQLITE_INTERRUPT


def is_busy(problem: sqlite3.Error) -> bool:
    """Whether a lock was not free."""
    return primary_code(problem) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_read_only(problem: sqlite3.Error) -> bool:
    """Whether a write reached a connection that only reads."""
    return primary_code(problem) == sqlite3.SQLITE_READONLY


def primary_code(problem: sqlite3.Error) -> int:
    """SQLite's result code without the extension bits; 0 when the exception came from Python's module itself."""
    return int(getattr(problem, "sqlite_errorcode", 0)) & 0xFF


def build_failure(problem: Exception, sql: str, path: str) -> DatabaseError:
    """Turn an exception of sqlite3 into ours.

    Args:    problem: sqlite3.Error, or what binding a value raised; sql: the statement; path: the database file.
    Returns: the error to raise, `from` the original.
    """
    if isinstance(problem, sqlite3.IntegrityError):
        return _build_violation(problem, sql)
    if isinstance(problem, sqlite3.Error):
        return _build_by_code(problem, sql, path) or _build_by_text(problem, sql)
    excess = Excess() if isinstance(problem, OverflowError) else None
    return BadValue(f"a value can't be given to the database: {problem}", where=sql, excess=excess)


def _build_by_code(problem: sqlite3.Error, sql: str, path: str) -> DatabaseError | None:
    text = str(problem)
    match primary_code(problem):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseBusy(
                f"the database {path} is locked",
                where=sql,
                why="another process kept its write lock for longer than busy_timeout_ms",
                fix="keep transactions short; find the process with: fuser " + path,
            )
        case sqlite3.SQLITE_FULL:
            return DiskFull(
                f"the disk of {path} is full", where=sql, fix="free some space; the statement left nothing half-written"
            )
        case sqlite3.SQLITE_READONLY:
            return ReadOnlyDatabase(
                f"the database {path} can't be written",
                where=sql,
                why=f"{text}; SQLite writes to the file and creates -wal and -shm files beside it",
                fix="give this user write permission on the file and on its folder",
            )
        case sqlite3.SQLITE_CANTOPEN:
            return CannotOpen(
                f"the database {path} can't be opened",
                why=text,
                fix="check that its folder exists and may be written; SQLite writes beside the file even to read",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_IOERR:
            return DamagedDatabase(f"the database {path} can't be read: {text}", where=sql)
        case sqlite3.SQLITE_TOOBIG | sqlite3.SQLITE_MISMATCH | sqlite3.SQLITE_RANGE:
            return BadValue(f"a value can't be stored: {text}", where=sql)
    return None


def _build_by_text(problem: sqlite3.Error, sql: str) -> DatabaseError:
    text = str(problem)
    if text.startswith("no such table: "):
        table = text.removeprefix("no such table: ")
        return TableMissing(f"the database has no table {table!r}", where=sql, fix="run: spica db migrate")
    if column := _COLUMN.search(text):
        return ColumnMissing(
            f"the database has no column {column[1] or column[2]!r}",
            where=sql,
            fix="add it by a migration, then run: spica db migrate",
        )
    if missing := _MISSING.search(text):
        return build_missing(missing[1], sql)
    if isinstance(problem, (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)):
        return BadValue(f"the values do not fit the statement: {text}", where=sql)
    return DatabaseError(f"the database refused the statement: {text}", where=sql)


def _build_violation(problem: sqlite3.IntegrityError, sql: str) -> ConstraintViolation:
    text = str(problem)
    kind = _CONSTRAINT_KINDS.get(getattr(problem, "sqlite_errorcode", 0), "other")
    table, columns = "", []
    if kind in ("unique", "not null"):
        for name in text.partition("failed: ")[2].split(", "):
            table, _, column = name.rpartition(".")
            columns.append(column)
    return ConstraintViolation(text, kind=kind, table=table, columns=tuple(columns), where=sql)
