"""The drivers, one package a database; `build_driver` picks by the URL.

A driver's library is imported when the first URL names its database: nobody pays for, or must install, the others'.
"""

from __future__ import annotations

from spica.db.driver import Driver
from spica.db.drivers.sqlite.driver import SqliteDriver
from spica.db.errors import DriverMissing
from spica.db.url import DatabaseUrl


def build_driver(url: DatabaseUrl) -> Driver:
    """Build the driver of a URL. Opens nothing yet.

    Raises: DriverMissing when the library is not installed, DatabaseUrlError for an option that is not known.
    """
    if url.scheme == "postgresql":
        try:
            from spica.db.drivers.postgresql.driver import PostgresqlDriver
        except ModuleNotFoundError as problem:
            raise _build_missing("PostgreSQL", "asyncpg", "postgresql", problem) from problem
        return PostgresqlDriver(url)
    if url.scheme == "mysql":
        try:
            from spica.db.drivers.mysql.driver import MysqlDriver
        except ModuleNotFoundError as problem:
            raise _build_missing("MariaDB", "asyncmy", "mariadb", problem) from problem
        return MysqlDriver(url)
    return SqliteDriver(url)


def _build_missing(database: str, library: str, extra: str, problem: ModuleNotFoundError) -> Exception:
    if problem.name != library:
        return problem
    return DriverMissing(f"{database} needs {library}, which is not installed", fix=f"pip install 'spica[{extra}]'")
