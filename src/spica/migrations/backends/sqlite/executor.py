"""Operations on SQLite, which changes little in place: the table is copied (Alembic's batch mode).

What the copy would lose is kept by rebuild.py.
"""

from __future__ import annotations

from typing import Any

from spica.migrations.backends.sqlite.catalog import SqliteCatalog
from spica.migrations.backends.sqlite.rebuild import rebuilding
from spica.migrations.columns import Column
from spica.migrations.defaults import build_default, sql_text
from spica.migrations.executor import Executor, foreign_key_name


class SqliteExecutor(Executor):
    """Carries operations out on SQLite."""

    catalog_class = SqliteCatalog

    def create_table(self, table: str, columns: list[Column]) -> None:
        """Create a table."""
        # Without AUTOINCREMENT SQLite gives the id of a deleted last row to the next one: an old link or session would
        # then lead to somebody else's row.
        built = self.build_columns(table, columns)
        is_numbered = any(column.primary_key and column.autoincrement for column in built)
        self.alembic.create_table(table, *built, sqlite_autoincrement=is_numbered)

    def add_column(self, table: str, column: Column) -> None:
        """Add a column; in place where that is possible."""
        if column.type == "references" or not column.null or (column.generated is not None and column.stored):
            with rebuilding(self.alembic, table) as batch:
                batch.add_column(self.build_column(table, column))
        else:
            super().add_column(table, column)

    def remove_column(self, table: str, name: str) -> None:
        """Remove a column and the indexes on it."""
        for index in self.build_catalog().list_indexes(table):
            if name in index["column_names"]:
                self.alembic.drop_index(index["name"], table_name=table)
        with rebuilding(self.alembic, table, without=name) as batch:
            batch.drop_column(name)

    def change_column(self, table: str, column: Column) -> None:
        """Give a column another type, null and default."""
        default = build_default(column.default)
        with rebuilding(self.alembic, table) as batch:
            batch.alter_column(
                column.name, type_=self.types.build(column), nullable=column.null, server_default=default
            )

    def change_null(self, table: str, name: str, null: bool) -> None:
        """Allow or forbid NULL."""
        with rebuilding(self.alembic, table) as batch:
            batch.alter_column(name, nullable=null)

    def change_default(self, table: str, name: str, default: Any) -> None:
        """Give a column another default."""
        with rebuilding(self.alembic, table) as batch:
            batch.alter_column(name, server_default=build_default(default))

    def add_foreign_key(self, table: str, column: str, to: str, on_delete: str | None) -> None:
        """Let a column refer to the ids of a table."""
        rule = on_delete.upper() if on_delete else None
        with rebuilding(self.alembic, table) as batch:
            batch.create_foreign_key(foreign_key_name(table, column), to, [column], ["id"], ondelete=rule)

    def remove_foreign_key(self, table: str, column: str, name: str | None) -> None:
        """Let a column refer to nothing."""
        naming = {"fk": "fk_%(table_name)s_%(column_0_name)s"}
        with rebuilding(self.alembic, table, naming=naming) as batch:
            batch.drop_constraint(name or f"fk_{table}_{column}", type_="foreignkey")

    def add_check(self, table: str, condition: str, name: str) -> None:
        """Add a condition."""
        with rebuilding(self.alembic, table) as batch:
            batch.create_check_constraint(name, sql_text(condition))

    def remove_check(self, table: str, name: str) -> None:
        """Remove a condition."""
        with rebuilding(self.alembic, table, without_check=name):
            pass

    def has_other_index(self, table: str, name: str) -> bool:
        """Whether a table has an index on an expression of this name."""
        found = self.connection.exec_driver_sql(
            "SELECT 1 FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name = ?", (table, name)
        )
        return found.first() is not None
