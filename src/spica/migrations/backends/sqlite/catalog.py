"""What a SQLite database has."""

from __future__ import annotations

from spica.migrations.backends.sqlite.types import TYPES
from spica.migrations.catalog import Catalog


class SqliteCatalog(Catalog):
    """The tables of a SQLite database."""

    types = TYPES

    def list_rest(self) -> list[str]:
        """List the statements that make views, triggers and indexes on expressions, as they were written."""
        plain = {index["name"] for table in self.list_tables() for index in self.list_indexes(table)}
        rows = self.connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL"
            " ORDER BY CASE type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, name"
        )
        return [sql for name, sql in rows if name not in plain]
