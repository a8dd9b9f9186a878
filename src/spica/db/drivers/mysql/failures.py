"""MariaDB's, MySQL's and asyncmy's exceptions as the errors of spica.db.errors.

Rules of this file:
- What matters is the server's number of the error. Names are taken from the text, which is English: the sessions are.
- A text with a value of the row in it (`Duplicate entry 'x' for key 'emails'`) is never shown.
"""

from __future__ import annotations

import re

from asyncmy.errors import Error as MysqlError

from spica.db.errors import (
    BadValue,
    CannotOpen,
    ColumnMissing,
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
)

# What a statement raises besides asyncmy's own: a lost connection, a value that asyncmy can't send.
STATEMENT_PROBLEMS = (MysqlError, OSError, ValueError, TypeError, OverflowError)

DUPLICATE = (1062, 1586)
DEADLOCK = 1213
UNDONE = (DEADLOCK, 1020)  # the server rolled the whole transaction back; 1020: a row was changed since it was read
NOT_PREPARABLE = 1295
TOO_MANY_PREPARED = 1461
PREPARE_AGAIN = 1615
NO_SUCH_THREAD = 1094

_CLIENT_ERRORS = range(2000, 3000)  # asyncmy's own: the connection is of no use any more
_GONE = (1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927)  # the server went, or cut the connection
_FULL = (1040, 1203, 1226)
_REFUSED = (1044, 1045, 1049, 1130, 1251, 1698)
_TIMEOUTS = (1969, 3024, 1317)
_BAD_VALUES = (1264, 1265, 1292, 1366, 1367, 1406, 1411, 1416, 1426, 3140, 3141, 3156)
_TOO_LARGE = (1264, 1406)
_READ_ONLY = (1290, 1792, 1836)
_DISK_FULL = (1021, 1114)

_KEY = re.compile(r"for key '([^']*)'$")
_FOREIGN_KEY = re.compile(r"`([^`]+)`, CONSTRAINT `([^`]+)` FOREIGN KEY \(([^)]+)\)")
_NAMED = re.compile(r"[`']([^`']+)[`']")
_COLUMN = re.compile(r"[Cc]olumn '([^']+)'|Field '([^']+)'")
_VALUE = re.compile(r"value: '.*?' (?=for )", re.DOTALL)


def number_of(problem: BaseException) -> int:
    """The number of the server's or of asyncmy's error; 0 for another exception."""
    number = problem.args[0] if isinstance(problem, MysqlError) and problem.args else 0
    return number if isinstance(number, int) else 0


def is_lost(problem: Exception) -> bool:
    """Whether the connection is of no use after an exception of asyncmy or of the system."""
    if isinstance(problem, OSError):
        return True
    number = number_of(problem)
    return isinstance(problem, MysqlError) and (number in _CLIENT_ERRORS or number in _GONE or number == 0)


def key_of_duplicate(problem: Exception) -> str:
    """The name of the index that refused a row; MySQL writes its table before it."""
    found = _KEY.search(_text(problem))
    return found[1].rpartition(".")[2] if found else ""


def build_failure(problem: Exception, sql: str, place: str) -> DatabaseError:
    """Turn an exception into ours; for one of DUPLICATE `build_duplicate` says more.

    Args:    problem: one of STATEMENT_PROBLEMS; sql: the statement; place: the server and the database.
    Returns: the error to raise, `from` the original.
    """
    if isinstance(problem, MysqlError) and not is_lost(problem):
        return _build_by_number(number_of(problem), _text(problem), sql, place)
    if isinstance(problem, MysqlError | OSError):
        return DatabaseUnavailable(f"the connection to {place} was lost", where=sql, why=_text(problem))
    if "64-bit" in str(problem):
        return BadValue("a value can't be given to the database: it has more than 64 bits", where=sql, excess=Excess())
    return BadValue("a value can't be given to the database", where=sql, why=_reason(problem))


def build_duplicate(key: str, table: str, columns: tuple[str, ...], sql: str) -> ConstraintViolation:
    """Build the error for a row whose values another one has, in the columns of an index."""
    values = f"the same {' and '.join(columns)}" if columns else "the same values"
    return ConstraintViolation(
        f"another row has {values} (index {key!r})", kind="unique", table=table, columns=columns, where=sql
    )


def build_timeout(sql: str) -> StatementTimeout:
    """Build the error for a statement that took too long."""
    return StatementTimeout(
        "a statement took longer than statement_timeout_ms and was cancelled",
        where=sql,
        fix="make it faster (an index?), or raise the time in the database's URL",
    )


def build_connect_failure(problem: Exception, place: str) -> DatabaseError:
    """Turn what went wrong while a connection was opened into ours."""
    if number_of(problem) in _REFUSED:
        return CannotOpen(
            f"the database {place} can't be opened",
            why=_text(problem),
            fix="check user, password and name in config/database.toml; where it is missing: spica db create",
        )
    if number_of(problem) in _FULL:
        return DatabaseUnavailable(
            f"the database {place} takes no more connections",
            why=_text(problem),
            fix="give each process a smaller pool_size, or the server a larger max_connections",
        )
    return DatabaseUnavailable(
        f"the database {place} does not answer",
        why=_text(problem) or "no answer within connect_timeout_ms",
        fix="start the server, or correct host and port in config/database.toml",
    )


def _build_by_number(number: int, text: str, sql: str, place: str) -> DatabaseError:
    if (violation := _build_violation(number, text, sql)) is not None:
        return violation
    if number in _TIMEOUTS:
        return build_timeout(sql)
    if number in _TOO_LARGE and (named := _NAMED.search(text)):
        return BadValue(f"a value can't be stored: {text}", where=sql, excess=Excess(column=named[1]))
    if number in _BAD_VALUES:
        return BadValue(f"a value can't be stored: {_VALUE.sub('value ', text)}", where=sql)
    if number in UNDONE:
        return TransactionConflict(
            f"another transaction was in the way: {text}",
            where=sql,
            why="the database undid this one to let the other one go on",
            fix="do the whole transaction again: await db.run_transaction(work, retry=3)",
        )
    if number in _READ_ONLY:
        return ReadOnlyDatabase(
            f"the database {place} can't be written here",
            where=sql,
            why=text,
            fix="write outside of a transaction that only reads, and not on a replica",
        )
    if number in _DISK_FULL:
        return DiskFull(f"the disk of {place} is full", where=sql, fix="free some space")
    match number:
        case 1205:
            return DatabaseBusy("a lock was not free in time", where=sql, why=text)
        case 1146 | 1051:
            return TableMissing(f"the database has no table {_named(text)!r}", where=sql, fix="run: spica db migrate")
        case 1054:
            return ColumnMissing(
                f"the database has no column {_named(text)!r}",
                where=sql,
                fix="add it by a migration, then run: spica db migrate",
            )
        case 1461:
            return DatabaseError(
                f"{place} keeps no more prepared statements",
                where=sql,
                why=text,
                fix="raise the server's max_prepared_stmt_count, or lower pool_size",
            )
    return DatabaseError(f"the database refused the statement: {text}", where=sql)


def _build_violation(number: int, text: str, sql: str) -> ConstraintViolation | None:
    match number:
        case 1062 | 1586:
            found = _KEY.search(text)
            return build_duplicate(found[1].rpartition(".")[2] if found else "", "", (), sql)
        case 1216 | 1217 | 1451 | 1452:
            key = _FOREIGN_KEY.search(text)
            columns = tuple(name.strip("` ") for name in key[3].split(",")) if key else ()
            table = key[1] if key else ""
            return ConstraintViolation(text, kind="foreign key", table=table, columns=columns, where=sql)
        case 1048 | 1364 | 1566:
            column = _COLUMN.search(text)
            columns = (column[1] or column[2],) if column else ()
            return ConstraintViolation(text, kind="not null", columns=columns, where=sql)
        case 4025 | 3819:
            return ConstraintViolation(text, kind="check", where=sql)
        case 1761 | 1762 | 4151 | 3820:
            return ConstraintViolation(text, kind="other", where=sql)
    return None


def _text(problem: Exception) -> str:
    return str(problem.args[-1]) if problem.args else str(problem)


def _reason(problem: Exception) -> str:
    if isinstance(problem, UnicodeEncodeError):
        return "a text has characters that are no Unicode text (lone surrogates)"
    return str(problem)


def _named(text: str) -> str:
    """Find the name in a message: `Table 'app.posts' doesn't exist`, `Unknown column 'titel' in 'field list'`."""
    found = _NAMED.search(text)
    return found[1].rpartition(".")[2] if found else text
