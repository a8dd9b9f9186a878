"""The drivers, one package a database; `build_driver` picks by the URL."""

from __future__ import annotations

from spica.db.driver import Driver
from spica.db.drivers.sqlite.driver import SqliteDriver
from spica.db.url import DatabaseUrl


def build_driver(url: DatabaseUrl) -> Driver:
    """Build the driver of a URL. Opens nothing yet."""
    return SqliteDriver(url)
