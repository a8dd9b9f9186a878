"""The databases that migrations run on, one package each; `build_backend` picks by the URL."""

from __future__ import annotations

from spica.db.drivers import build_driver
from spica.db.url import DatabaseUrl
from spica.migrations.backend import Backend


def build_backend(url: DatabaseUrl) -> Backend:
    """Build the backend of a URL. Opens nothing yet.

    Raises: DriverMissing when a library is not installed, DatabaseUrlError for an option that is not known.
    """
    build_driver(url)  # the driver knows what is missing, and reads the options
    if url.scheme == "postgresql":
        from spica.migrations.backends.postgresql.backend import PostgresqlBackend

        return PostgresqlBackend(url)
    if url.scheme == "mysql":
        from spica.migrations.backends.mysql.backend import MysqlBackend

        return MysqlBackend(url)
    from spica.migrations.backends.sqlite.backend import SqliteBackend

    return SqliteBackend(url)
