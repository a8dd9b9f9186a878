"""The engine: a database by its URL, the default one of the process, and hand-written SQL on it.

Rules of this file:
- Inside `transaction()` every statement of the task goes to that transaction; outside, reads may run in place.
- Values are bound, never written into the text: there is no way here to format one into a statement.
- Transactions are opened by `transaction()` only; BEGIN and COMMIT as statements are refused.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from spica.db.driver import Driver, Isolation, Parameters, Row, Written
from spica.db.drivers import build_driver
from spica.db.errors import DatabaseError, NotConfigured
from spica.db.transaction import Hook, Transaction, active_transaction, build_options, run_in_transaction
from spica.db.url import hide_password, parse_url

if TYPE_CHECKING:  # what observes stands on this module
    from spica.db.observed import Observer

STREAM_ROWS = 500

T = TypeVar("T")

_TRANSACTION_CONTROL = re.compile(r"\s*(begin|commit|end|rollback|savepoint|release|start)\b", re.IGNORECASE)


class Database:
    """One database. Opens its connections at first use.

    Args:    url: `sqlite://./db/development.db`, `sqlite://:memory:`, `postgresql://user@host/name`,
             `mariadb://user@host/name`; root: where a relative path starts.
    Raises:  DatabaseUrlError when the URL can't be read, DriverMissing when the package for it is not installed.
    Example:
        database = Database("sqlite://./db/development.db")
        rows = await database.query("select * from posts where id = :id", id=7)
    """

    __slots__ = ("__weakref__", "dialect", "driver", "plans", "url")

    def __init__(self, url: str, *, root: Path | None = None) -> None:
        parsed = parse_url(url, root=root)
        self.url = url
        self.driver: Driver = build_driver(parsed)
        self.dialect = self.driver.dialect
        self.plans: dict[Any, Any] = {}  # what spica.orm.storage knows of each model here

    async def query(self, sql: str, /, **values: object) -> list[dict[str, Any]]:
        """Run a statement and return its rows.

        Args:    sql: text with named placeholders, `:id`; values: one for each name.
        Returns: a dict by column name per row; [] when there is none.
        Raises:  DatabaseError and its subclasses.
        Example: await db.query("select * from posts where id = :id", id=7)
        """
        _check_statement(sql)
        parameters = self._encoded(values)
        if (transaction := active_transaction(self)) is not None:
            return await transaction.session.read_named(sql, parameters)
        return await self.driver.read_named(sql, parameters)

    async def execute(self, sql: str, /, **values: object) -> int:
        """Run a statement that changes rows.

        Args:    sql: text with named placeholders, `:id`; values: one for each name.
        Returns: how many rows it changed; -1 where the statement has no such number.
        Raises:  DatabaseError and its subclasses.
        """
        _check_statement(sql)
        written = await self.write(sql, self._encoded(values))
        return written.rows

    def transaction(self, *, isolation: Isolation | None = None, read_only: bool = False) -> Transaction:
        """Open a transaction on this database: `async with database.transaction():`; see `spica.db.transaction`."""
        return Transaction(self, build_options(isolation, read_only))

    async def run_transaction(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        retry: int = 0,
        isolation: Isolation | None = None,
        read_only: bool = False,
    ) -> T:
        """Await `work()` in a transaction on this database; see `spica.db.run_transaction`."""
        return await run_in_transaction(self, work, build_options(isolation, read_only), retry=retry)

    def advisory_lock(self, name: str, *, wait_s: float | None = 10.0) -> AbstractAsyncContextManager[None]:
        """Hold a lock by name on this database; see `spica.db.advisory_lock`."""
        return self.driver.advisory_lock(name, wait_s)

    async def after_commit(self, hook: Hook) -> None:
        """Call a function after the commit of the outermost transaction; see `spica.db.after_commit`."""
        if (transaction := active_transaction(self)) is not None:
            transaction.after_commit(hook)
        elif isawaitable(result := hook()):
            await result

    async def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read rows as tuples, for layers that know the columns. Does not suspend when the driver can answer now."""
        if (transaction := active_transaction(self)) is not None:
            return await transaction.session.read(sql, parameters)
        rows = self.driver.read_now(sql, parameters)
        return rows if rows is not None else await self.driver.read(sql, parameters)

    async def write(self, sql: str, parameters: Parameters) -> Written:
        """Run one statement that changes rows, for layers that encode their values themselves."""
        if (transaction := active_transaction(self)) is not None:
            return await transaction.session.write(sql, parameters)
        return await self.driver.write(sql, parameters)

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int | None:
        """Insert many rows in the open transaction by a way of the database's own, for layers that encode their values.

        Returns: how many; None where the database has no such way, and nothing was done.
        """
        transaction = active_transaction(self)
        assert transaction is not None
        return await transaction.session.copy(table, columns, rows)

    async def stream(self, sql: str, parameters: Parameters, *, size: int = STREAM_ROWS) -> AsyncIterator[list[Row]]:
        """Read rows in batches, all of one snapshot."""
        if (transaction := active_transaction(self)) is not None:
            rows = await transaction.session.read(sql, parameters)
            for start in range(0, len(rows), size):
                yield rows[start : start + size]
            return
        batches = self.driver.stream(sql, parameters, size=size)
        try:
            async for batch in batches:
                yield batch
        finally:
            await batches.aclose()  # type: ignore[attr-defined]  # drivers write it as an async generator

    async def close(self) -> None:
        """Finish what is queued and close every connection. A closed database stays closed."""
        await self.driver.close()

    def _encoded(self, values: dict[str, object]) -> dict[str, object]:
        """Write the values of a hand-written statement, each by its own type."""
        codecs = self.driver.statement_codecs
        encoded: dict[str, object] = {}
        for name, value in values.items():
            codec = codecs.get(type(value))
            encoded[name] = value if codec is None or codec.encode is None else codec.encode(value)
        return encoded

    def __repr__(self) -> str:
        return f"Database({hide_password(self.url)!r})"


_default: Database | None = None


def configure(url: str, *, root: Path | None = None, observer: Observer | None = None) -> Database:
    """Make the database of a URL the default one of this process.

    Args:    url: as for `Database`; root: where a relative path starts, default the current folder; observer: is told
             of each statement, see `spica.db.observed`.
    Returns: the database. The one that was the default before stays open: close it where it was opened.
    Raises:  DatabaseUrlError when the URL can't be read.
    """
    if observer is None:
        database = Database(url, root=root)
    else:
        # Lazy: it is a kind of database, and few are observed.
        from spica.db.observed import ObservedDatabase

        database = ObservedDatabase(url, observer, root=root)
    use(database)
    return database


def current() -> Database:
    """The default database. Raises NotConfigured when `configure` was not called."""
    if _default is None:
        raise NotConfigured(
            "no database is configured",
            fix='in a project: add [database] url to config/database.toml; in a script: spica.db.configure("sqlite://app.db")',
        )
    return _default


def use(database: Database | None) -> Database | None:
    """Make a database the default one, None for none. Returns the one it replaces; for tests and several databases."""
    global _default  # one default a process is what this module is for
    previous, _default = _default, database
    return previous


def transaction(
    database: Database | None = None, *, isolation: Isolation | None = None, read_only: bool = False
) -> Transaction:
    """Open a transaction, or a savepoint inside one.

    Args:    database: default the one of `current()`;
             isolation: "read committed", "repeatable read" or "serializable"; default what the database has. On SQLite,
             where one transaction writes at a time, all are as strict as serializable;
             read_only: a write raises ReadOnlyDatabase.
    Raises:  TransactionOptionError for an unknown isolation, and for options inside of another transaction.
    Example:
        async with transaction():
            user = await User.create(email="a@b.c")
            await Profile.create(user_id=user.id)
    """
    return (database or current()).transaction(isolation=isolation, read_only=read_only)


def _check_statement(sql: str) -> None:
    if _TRANSACTION_CONTROL.match(sql):
        raise DatabaseError(
            "a transaction can't be controlled by a statement",
            where=sql,
            why="connections are shared; it would hit whoever has this one next",
            fix="use: async with transaction():",
        )
