"""What can go wrong between Spica and a database, one class a mistake.

A driver turns its library's exceptions into these; nothing above a driver ever sees a driver's own exception.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from spica.errors import SpicaError
from spica.errors.http import HttpError

ConstraintKind = Literal["unique", "foreign key", "not null", "check", "other"]


class DatabaseError(SpicaError):
    """Base of the data layer's errors; raised itself when a statement fails for a reason with no class of its own."""

    code = "SPICA-D001"


class NotConfigured(DatabaseError):
    """The database was used before anything said which one it is."""

    code = "SPICA-D002"


class DatabaseUrlError(DatabaseError):
    """A database URL can't be read: an unknown scheme, no path, an unknown option."""

    code = "SPICA-D003"


class CannotOpen(DatabaseError):
    """The database can't be opened: a folder that is missing, a permission, a file that is not a database."""

    code = "SPICA-D004"


class DatabaseBusy(DatabaseError):
    """Another process held the database's write lock for longer than the busy timeout."""

    code = "SPICA-D005"


class DiskFull(DatabaseError):
    """The disk is full. The statement did not happen; what was committed before is safe."""

    code = "SPICA-D006"


class ReadOnlyDatabase(DatabaseError):
    """A write reached a database, a file, a folder or a transaction that may only be read."""

    code = "SPICA-D007"


class TableMissing(DatabaseError):
    """A statement names a table that the database does not have, most often before the first migration."""

    code = "SPICA-D008"


class ColumnMissing(DatabaseError):
    """A statement names a column that the table does not have: the model is ahead of the database."""

    code = "SPICA-D009"


class Excess(NamedTuple):
    """What a database tells of a number that is larger, or a text that is longer, than its column takes."""

    column: str = ""
    characters: int | None = None


class BadValue(DatabaseError):
    """A value can't be bound to a statement: a name without a value, an unsupported type, an integer beyond 64 bits.

    `excess` is not None where the value is larger than its column takes.
    """

    code = "SPICA-D010"

    def __init__(
        self, what: str, *, where: str = "", why: str = "", fix: str = "", excess: Excess | None = None
    ) -> None:
        super().__init__(what, where=where, why=why, fix=fix)
        self.excess = excess


class DamagedDatabase(DatabaseError):
    """The file is damaged or is not a database, or the disk failed to read or write it."""

    code = "SPICA-D011"


class DatabaseClosed(DatabaseError):
    """The database was used after `close()`."""

    code = "SPICA-D012"


class ConstraintViolation(DatabaseError):
    """The database refused a row: not unique, no such parent row, a missing value or a failed check.

    `kind` says which; `table` and `columns` say where, as far as the database tells ("" and () when it does not).
    """

    code = "SPICA-D013"

    def __init__(
        self, what: str, *, kind: ConstraintKind, table: str = "", columns: tuple[str, ...] = (), where: str = ""
    ) -> None:
        super().__init__(what, where=where, why=f"a {kind} constraint of the table does not allow it")
        self.kind = kind
        self.table = table
        self.columns = columns


class TransactionInOtherTask(DatabaseError):
    """A task used a transaction that another task opened, as in a TaskGroup inside `transaction()`."""

    code = "SPICA-D014"


class TransactionOver(DatabaseError):
    """A transaction was used after it ended, or after the database ended it (a full disk, a failed write)."""

    code = "SPICA-D015"


class TransactionConflict(DatabaseError):
    """The database undid a transaction because it got in another one's way: a serialization failure or a deadlock.

    Doing the whole transaction again usually works: `run_transaction(work, retry=3)`.
    """

    code = "SPICA-D016"


class TransactionOptionError(DatabaseError):
    """A transaction was opened with an option that means nothing, or that a savepoint can't have."""

    code = "SPICA-D017"


class DatabaseUnavailable(DatabaseError, HttpError):
    """The database's server does not answer, refuses connections, or went away.

    A request is answered 503, and its client told no more than that: not where the database is.
    """

    code = "SPICA-D018"
    status = 503
    phrase = "Service Unavailable"

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        DatabaseError.__init__(self, what, where=where, why=why, fix=fix)
        self.detail = "The service is not available at the moment; try again later."
        self.fields = (("retry-after", "1"),)


class PoolTimeout(DatabaseUnavailable):
    """No connection was free within `acquire_timeout_ms`. A request is answered 503."""

    code = "SPICA-D019"


class StatementTimeout(DatabaseError):
    """A statement took longer than `statement_timeout_ms` and was cancelled."""

    code = "SPICA-D020"


class DriverMissing(DatabaseError):
    """The package that talks to this kind of database is not installed."""

    code = "SPICA-D021"


class LockTaken(DatabaseError):
    """Another one held an advisory lock for as long as `advisory_lock` was to wait."""

    code = "SPICA-D022"

    def __init__(self, name: str, wait_s: float | None) -> None:
        super().__init__(
            f"the advisory lock {name!r} was not free within {wait_s or 0:g} s",
            why="another task or process is doing what it guards",
            fix="wait longer, advisory_lock(..., wait_s=...), or leave the work to the other one",
        )
        self.name = name
