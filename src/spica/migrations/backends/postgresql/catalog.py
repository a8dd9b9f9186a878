"""What a PostgreSQL database has."""

from __future__ import annotations

from typing import Any

from spica.migrations.backends.postgresql.arrays import read_array
from spica.migrations.backends.postgresql.types import TYPES
from spica.migrations.catalog import Catalog

# What an extension brought is left out: the extension makes it.
_FUNCTIONS = """
    SELECT pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.proname, p.oid
"""
_INDEXES = """
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND i.indexprs IS NOT NULL
    ORDER BY c.relname
"""
_VIEWS = """
    SELECT 'CREATE ' || CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW ' || quote_ident(c.relname)
        || ' AS' || chr(10) || pg_get_viewdef(c.oid)
    FROM pg_class c
    WHERE c.relkind IN ('v', 'm') AND c.relnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.oid
"""
_TRIGGERS = """
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
    ORDER BY c.relname, t.tgname
"""


class PostgresqlCatalog(Catalog):
    """The tables of a PostgreSQL database, of the schema that comes first in the search path."""

    types = TYPES

    def read_default(self, text: str | None, type: str) -> Any:
        """Build a column's default from its SQL; that of an array is a list of texts."""
        values = read_array(text) if type == "array" and text is not None else None
        return super().read_default(text, type) if values is None else values

    def list_indexes(self, table: str) -> list[Any]:
        """List the indexes on columns; one that a failed build left INVALID is none."""
        invalid = set(
            self.connection.exec_driver_sql(
                "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace"
            ).scalars()
        )
        return [index for index in super().list_indexes(table) if index["name"] not in invalid]

    def list_rest(self) -> list[str]:
        """List the statements that make functions, indexes on expressions, views and triggers."""
        run = self.connection.exec_driver_sql
        return [
            sql.strip().rstrip(";")
            for query in (_FUNCTIONS, _INDEXES, _VIEWS, _TRIGGERS)
            for sql in run(query).scalars()
        ]
