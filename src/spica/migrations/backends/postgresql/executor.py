"""Operations on PostgreSQL: what it does in its own way.

Rules of this file:
- An index that is built concurrently and fails stays behind, INVALID: it takes time at each write and answers nothing.
  `if not exists` would take it for the one that is wanted. It is dropped and built again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from spica.migrations.backends.postgresql.arrays import write_array
from spica.migrations.backends.postgresql.catalog import PostgresqlCatalog
from spica.migrations.columns import Column
from spica.migrations.defaults import sql_text
from spica.migrations.executor import Executor
from spica.migrations.operations import AddIndex, Operation, RemoveIndex

_IS_VALID = (
    "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relname = $1 AND c.relnamespace = current_schema()::regnamespace"
)


class PostgresqlExecutor(Executor):
    """Carries operations out on PostgreSQL."""

    catalog_class = PostgresqlCatalog

    def build_id(self) -> sa.Column[Any]:
        """Build the column `id`, which also takes a number that is given."""
        return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)

    def change_column(self, table: str, column: Column) -> None:
        """Give a column another type, null and default; values are cast."""
        type = self.types.build(column)
        quote = self.connection.dialect.identifier_preparer.quote
        # The old default may have no cast to the new type, and is replaced anyhow.
        self.alembic.alter_column(table, column.name, server_default=None)
        self.alembic.alter_column(
            table,
            column.name,
            type_=type,
            nullable=column.null,
            postgresql_using=f"{quote(column.name)}::{type.compile(self.connection.dialect)}",
        )
        if column.default is not None:
            self.alembic.alter_column(table, column.name, server_default=self.build_default(column))

    def change_default(self, table: str, name: str, default: Any) -> None:
        """Give a column another default."""
        there = next(column for column in self.build_catalog().read_columns(table) if column.name == name)
        self.alembic.alter_column(table, name, server_default=self.build_default(replace(there, default=default)))

    def build_default(self, column: Column) -> Any:
        """Build SQLAlchemy's `server_default` of a column; that of an array is written as PostgreSQL writes arrays."""
        if column.type == "array" and isinstance(column.default, list):
            return write_array(column.default)
        return super().build_default(column)

    def add_index(self, operation: AddIndex, *, resuming: bool) -> None:
        """Add an index; concurrently, one that is left INVALID is built again."""
        if operation.concurrently:
            is_valid = self.connection.exec_driver_sql(_IS_VALID, (operation.name,)).scalar()
            if is_valid and resuming:
                return
            if is_valid is False:
                self._drop_index(operation.name, operation.table, concurrently=True)
        condition: dict[str, Any] = {"postgresql_where": sql_text(operation.condition)} if operation.condition else {}
        self.alembic.create_index(
            operation.name,
            operation.table,
            list(operation.columns),
            unique=operation.unique,
            postgresql_concurrently=operation.concurrently,
            **condition,
        )

    def remove_index(self, operation: RemoveIndex) -> None:
        """Remove an index."""
        self._drop_index(operation.name, operation.table, concurrently=operation.concurrently)

    def has_other_index(self, table: str, name: str) -> bool:
        """Whether there is an index of this name on an expression, or one that is INVALID."""
        return self.connection.exec_driver_sql(_IS_VALID, (name,)).first() is not None

    def is_done(self, operation: Operation) -> bool:
        """Whether an interrupted run has removed an index; what else is interrupted was in a transaction."""
        match operation:
            case RemoveIndex(table, _, name):
                return not self.has_other_index(table, name)
        return False

    def _drop_index(self, name: str, table: str, *, concurrently: bool) -> None:
        self.alembic.drop_index(name, table_name=table, postgresql_concurrently=concurrently)
