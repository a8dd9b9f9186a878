"""The contract between the engine and a database driver.

Rules of this file:
- Values are a sequence, for SQL with the driver's own placeholders, or a mapping, for SQL with `:name` in it. They
  never become part of the text.
- A driver raises only the errors of spica.db.errors.
- A write that returned is durable in the sense of the driver's module docstring.
- Cancelling a read or a write leaves no connection in use and no transaction open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol

Row = tuple[Any, ...]
Parameters = Sequence[object] | Mapping[str, object]


class Written(NamedTuple):
    """What a write did: how many rows it touched, and the id of the row it inserted.

    Where the database numbers rows itself, the statement asks for the id (RETURNING) or the driver is told it.
    """

    rows: int
    last_id: Any


class Codec(NamedTuple):
    """How values of one Python type cross the border; None where they pass as they are."""

    encode: Callable[[Any], Any] | None
    decode: Callable[[Any], Any] | None


Isolation = Literal["read uncommitted", "read committed", "repeatable read", "serializable"]


class TransactionOptions(NamedTuple):
    """How a transaction is opened. `isolation`: None for the database's default; a database may give a stricter one."""

    isolation: Isolation | None = None
    read_only: bool = False


DEFAULT_OPTIONS = TransactionOptions()


class Session(Protocol):
    """One open transaction: a connection that nobody else uses until it is committed or rolled back.

    Every method raises TransactionConflict where the database undid the transaction for another one's sake.
    """

    async def read(self, sql: str, parameters: Parameters) -> list[Row]: ...
    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]: ...
    async def write(self, sql: str, parameters: Parameters) -> Written: ...

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int | None:
        """Insert many rows by a way of the database's own; None where it has none, and nothing was done."""

    async def commit(self) -> None:
        """Make it durable. A cancellation meanwhile is raised when the outcome is known: `from` the failure, if any."""

    async def rollback(self) -> None: ...

    async def savepoint(self, name: str) -> None: ...
    async def release(self, name: str) -> None: ...

    async def undo_to(self, name: str) -> None:
        """Undo what came after a savepoint; nothing when the database has already undone the whole transaction."""

    def abandon(self) -> None:
        """Roll back without waiting, for a task that is being destroyed."""


class Driver(Protocol):
    """A database as the engine needs it.

    `dialect` is SQLAlchemy's name; `codecs` maps Python types to their codec in the columns of models, and
    `statement_codecs` in hand-written statements.
    """

    dialect: str
    codecs: Mapping[type, Codec]
    statement_codecs: Mapping[type, Codec]

    def read_now(self, sql: str, parameters: Parameters) -> list[Row] | None:
        """Read without waiting. Returns None where only `read` can answer."""

    async def read(self, sql: str, parameters: Parameters) -> list[Row]: ...
    async def read_named(self, sql: str, parameters: Parameters) -> list[dict[str, Any]]: ...
    async def write(self, sql: str, parameters: Parameters) -> Written: ...

    def stream(self, sql: str, parameters: Parameters, *, size: int) -> AsyncIterator[list[Row]]:
        """Read a result in batches of at most `size` rows, all of one snapshot."""

    async def begin(self, options: TransactionOptions = DEFAULT_OPTIONS) -> Session:
        """Open a transaction. Raises DatabaseBusy when the write lock can't be had in time.

        A write in one that is `read_only` raises ReadOnlyDatabase. Cancelled meanwhile, nothing stays open.
        """

    def advisory_lock(self, name: str, wait_s: float | None) -> AbstractAsyncContextManager[None]:
        """Hold a lock by name against all who use this database. Raises LockTaken when it can't be had in time."""

    async def close(self) -> None: ...
