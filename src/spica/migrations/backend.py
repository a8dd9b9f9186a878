"""The contract between the runner of migrations and a kind of database.

Rules of this file:
- A backend gives connections in autocommit; a transaction is opened by `transaction` only.
- `locked` keeps other migrators out for a whole run; where one write lock does that, `transaction` takes it.
- What a backend raises are the errors of spica.db.errors and of spica.migrations.errors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import sqlalchemy as sa

from spica.db.errors import DatabaseError
from spica.db.url import DatabaseUrl
from spica.migrations.catalog import Catalog
from spica.migrations.executor import Executor
from spica.migrations.operations import Operation
from spica.migrations.stages import Stage

T = TypeVar("T")
# Called with who is waited for, in words; "" where that is not known.
OnWait = Callable[[str], None]


class Backend(ABC):
    """One database as the runner needs it. `url` is where it is."""

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url

    def run(self, work: Callable[[], T]) -> T:
        """Call work() where this backend's connections can be used."""
        return work()

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is such a database."""

    @abstractmethod
    def create(self) -> bool:
        """Make an empty database. Returns whether there was none."""

    @abstractmethod
    def drop(self) -> bool:
        """Delete the database with everything in it. Returns whether there was one."""

    @abstractmethod
    def connect(self) -> AbstractContextManager[sa.Connection]:
        """Open the connection that migrations run on, in autocommit."""

    @contextmanager
    def locked(self, connection: sa.Connection, on_wait: OnWait) -> Iterator[None]:
        """Keep other migrators of this database out. Raises DatabaseBusy when they don't end."""
        yield

    @contextmanager
    def still(self, connection: sa.Connection, on_wait: OnWait) -> Iterator[None]:
        """Keep the tables as they are, while they are looked at and the dump is written."""
        with self.locked(connection, on_wait):
            yield

    @abstractmethod
    def transaction(
        self, connection: sa.Connection, on_wait: OnWait, lock_timeout_s: float
    ) -> AbstractContextManager[None]:
        """Begin a transaction; commit it, or roll everything back when the block raises.

        Args:    on_wait: called when another process is in the way; lock_timeout_s: how long a statement waits for a
                 lock on a table that others use.
        """

    @contextmanager
    def without_transaction(self, connection: sa.Connection, lock_timeout_s: float) -> Iterator[None]:
        """Prepare the connection for statements that can't be in a transaction."""
        yield

    def divide(self, operations: Sequence[Operation]) -> list[Stage]:
        """Divide a migration into stages; one where it can be one transaction."""
        return [Stage(tuple(operations))]

    @abstractmethod
    def build_executor(self, connection: sa.Connection) -> Executor:
        """Build what carries operations out."""

    @abstractmethod
    def build_catalog(self, connection: sa.Connection) -> Catalog:
        """Build a look at the tables."""

    @abstractmethod
    def build_failure(self, problem: Exception) -> DatabaseError:
        """Turn an exception of SQLAlchemy or of the driver into ours."""

    def describe_blockers(self, connection: sa.Connection, table: str) -> str:
        """Say who uses a table that could not be locked; "" where nobody can be named."""
        return ""

    @abstractmethod
    def scratch(self) -> AbstractContextManager[Backend]:
        """Make a database of the same kind that goes away afterwards."""

    @abstractmethod
    def copy_to(self, other: Backend) -> None:
        """Give an empty database of the same kind the tables and the history of this one, without its rows."""
