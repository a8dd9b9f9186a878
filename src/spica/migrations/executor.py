"""Carrying operations out, by Alembic. Imported with a backend only: SQLAlchemy and Alembic take 0.5 s to import.

Rules of this file:
- Here is what databases have in common, which change their tables in place; what one does otherwise is a subclass in
  its backend.
- Names are looked up before a statement runs, so that a misspelt one is told with those that are near.
- Renaming a column or a table is done by the database itself, which also renames it in indexes, triggers and views.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from spica.errors import closest
from spica.migrations.catalog import Catalog
from spica.migrations.columns import Column
from spica.migrations.defaults import build_default, sql_text
from spica.migrations.errors import BadOperation
from spica.migrations.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    ChangeColumn,
    ChangeDefault,
    ChangeNull,
    CreateTable,
    DropTable,
    Execute,
    Operation,
    RemoveCheck,
    RemoveColumn,
    RemoveForeignKey,
    RemoveIndex,
    RenameColumn,
    RenameTable,
    short_name,
)


class Executor:
    """Carries operations out on one connection."""

    catalog_class: type[Catalog] = Catalog

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.alembic = Operations(MigrationContext.configure(connection))
        self.types = self.catalog_class.types

    def run(self, operation: Operation, *, resuming: bool = False) -> None:
        """Carry one operation out.

        Args:    resuming: whether an interrupted run may have done it, wholly or in part.
        Raises:  BadOperation, or what the database raises.
        """
        if resuming and self.is_done(operation):
            return
        match operation:
            case CreateTable(table, columns):
                self.create_table(table, columns)
            case DropTable(table):
                self.check_table(operation, table)
                self.alembic.drop_table(table)
            case RenameTable(old, new):
                self.check_table(operation, old)
                self.alembic.rename_table(old, new)
            case AddColumn(table, added):
                self.check_table(operation, table)
                self.check_default(operation)
                self.add_column(table, added)
            case RemoveColumn(table, name):
                self.check_column(operation, table, name)
                self.remove_column(table, name)
            case RenameColumn(table, old, new):
                self.check_column(operation, table, old)
                quote = self.connection.dialect.identifier_preparer.quote
                self.connection.exec_driver_sql(
                    f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote(new)}"
                )
            case ChangeColumn(table, changed):
                self.check_column(operation, table, changed.name)
                self.change_column(table, changed)
            case ChangeNull(table, name, null):
                self.check_column(operation, table, name)
                self.change_null(table, name, null)
            case ChangeDefault(table, name, default):
                self.check_column(operation, table, name)
                self.change_default(table, name, default)
            case AddForeignKey(table, name, to, on_delete):
                self.check_column(operation, table, name)
                self.check_table(operation, to)
                self.add_foreign_key(table, name, to, on_delete)
            case RemoveForeignKey(table, name):
                self.check_column(operation, table, name)
                self.remove_foreign_key(table, name, self._find_key(operation, table, name))
            case AddCheck(table, condition, name):
                self.check_table(operation, table)
                self.add_check(table, condition, name)
            case RemoveCheck(table, name):
                self.check_table(operation, table)
                names = [check["name"] for check in sa.inspect(self.connection).get_check_constraints(table)]
                check_name(operation, f"the table {table!r} has no check {name!r}", name, names, "its checks are")
                self.remove_check(table, name)
            case AddIndex(table, columns):
                for column in columns:
                    self.check_column(operation, table, column)
                self.add_index(operation, resuming=resuming)
            case RemoveIndex(table, _, name):
                self.check_table(operation, table)
                names = [index["name"] for index in self.build_catalog().list_indexes(table)]
                if not self.has_other_index(table, name):
                    check_name(operation, f"the table {table!r} has no index {name!r}", name, names, "its indexes are")
                self.remove_index(operation)
            case Execute(up):
                self.execute(up)
            case _:
                raise AssertionError(f"no such operation: {operation}")

    # -- what differs from one database to the next -------------------------------------------------------------------

    def create_table(self, table: str, columns: list[Column]) -> None:
        """Create a table with an id that the database numbers."""
        self.alembic.create_table(table, *self.build_columns(table, columns))

    def build_columns(self, table: str, columns: list[Column]) -> list[sa.Column[Any]]:
        """Build the columns of a new table: with `id` where none is its key."""
        keys = [column for column in columns if column.key]
        built = [] if keys else [self.build_id()]
        for column in columns:
            if keys == [column] and column.type in ("integer", "bigint"):
                numbered = self.build_id()  # what the database numbers is called otherwise here
                numbered.name = numbered.key = column.name
                built.append(numbered)
            else:
                built.append(self.build_column(table, column))
        return built

    def build_id(self) -> sa.Column[Any]:
        """Build the column `id`."""
        return sa.Column("id", self.types.build(Column("id", "references")), primary_key=True, autoincrement=True)

    def add_column(self, table: str, column: Column) -> None:
        """Add a column, with its foreign key."""
        self.alembic.add_column(table, self.build_column(table, column))

    def remove_column(self, table: str, name: str) -> None:
        """Remove a column and the indexes on it."""
        self.alembic.drop_column(table, name)

    def change_column(self, table: str, column: Column) -> None:
        """Give a column another type, null and default."""
        raise NotImplementedError

    def change_null(self, table: str, name: str, null: bool) -> None:
        """Allow or forbid NULL."""
        self.alembic.alter_column(table, name, nullable=null)

    def change_default(self, table: str, name: str, default: Any) -> None:
        """Give a column another default."""
        self.alembic.alter_column(table, name, server_default=build_default(default))

    def add_foreign_key(self, table: str, column: str, to: str, on_delete: str | None) -> None:
        """Let a column refer to the ids of a table."""
        rule = on_delete.upper() if on_delete else None
        self.alembic.create_foreign_key(foreign_key_name(table, column), table, to, [column], ["id"], ondelete=rule)

    def remove_foreign_key(self, table: str, column: str, name: str | None) -> None:
        """Let a column refer to nothing; `name` is the constraint's, None for one without."""
        self.alembic.drop_constraint(name or foreign_key_name(table, column), table, type_="foreignkey")

    def add_check(self, table: str, condition: str, name: str) -> None:
        """Add a condition."""
        self.alembic.create_check_constraint(name, table, sql_text(condition))

    def remove_check(self, table: str, name: str) -> None:
        """Remove a condition."""
        self.alembic.drop_constraint(name, table, type_="check")

    def add_index(self, operation: AddIndex, *, resuming: bool) -> None:
        """Add an index."""
        partial: dict[str, Any] = (
            {f"{self.connection.dialect.name}_where": sql_text(operation.condition)} if operation.condition else {}
        )
        self.alembic.create_index(
            operation.name, operation.table, list(operation.columns), unique=operation.unique, **partial
        )

    def remove_index(self, operation: RemoveIndex) -> None:
        """Remove an index."""
        self.alembic.drop_index(operation.name, table_name=operation.table)

    def has_other_index(self, table: str, name: str) -> bool:
        """Whether a table has an index of this name that the catalog does not list: one on an expression."""
        return False

    def execute(self, sql: str) -> None:
        """Run a statement as it is written."""
        self.connection.exec_driver_sql(sql)

    def is_done(self, operation: Operation) -> bool:
        """Whether an interrupted run has done all of an operation; False where doing it again does no harm."""
        return False

    # -- what they share ----------------------------------------------------------------------------------------------

    def build_catalog(self) -> Catalog:
        """Look at the tables as they are now."""
        return self.catalog_class(self.connection)

    def build_column(self, table: str, column: Column, *, with_key: bool = True) -> sa.Column[Any]:
        """Build SQLAlchemy's column of one of ours, with its foreign key or without."""
        references = []
        if column.type == "references" and with_key:
            on_delete = column.on_delete.upper() if column.on_delete else None
            name = foreign_key_name(table, column.name)
            to = f"{column.table}.{column.refers_to or 'id'}"
            references.append(sa.ForeignKey(to, name=name, ondelete=on_delete))
        if column.generated is not None:
            return sa.Column(
                column.name,
                self.types.build(column),
                sa.Computed(sql_text(column.generated), persisted=column.stored),
                nullable=column.null,
            )
        return sa.Column(
            column.name,
            self.types.build(column),
            *references,
            nullable=column.null,
            server_default=self.build_default(column),
            primary_key=column.key,
            autoincrement=False,
        )

    def build_default(self, column: Column) -> Any:
        """Build SQLAlchemy's `server_default` of a column; None for none."""
        return build_default(column.default)

    def check_table(self, operation: Operation, table: str) -> None:
        """Raise BadOperation, with near names, when there is no such table."""
        if not sa.inspect(self.connection).has_table(table):
            tables = self.build_catalog().list_tables()
            check_name(operation, f"there is no table {table!r}", table, tables, "the tables are")

    def check_column(self, operation: Operation, table: str, name: str) -> None:
        """Raise BadOperation, with near names, when a table has no such column."""
        self.check_table(operation, table)
        names = [column["name"] for column in sa.inspect(self.connection).get_columns(table)]
        check_name(operation, f"the table {table!r} has no column {name!r}", name, names, "its columns are")

    def check_default(self, operation: AddColumn) -> None:
        """Raise BadOperation for a column that the rows that are there could not have."""
        table, column = operation.table, operation.column
        if column.key:
            raise BadOperation(
                f"{table}.{column.name} can't become a key",
                where=operation.where,
                why="a table has its key from the start",
                fix="say key=True in create_table; here add a unique index",
            )
        if not column.null and column.default is None and column.generated is None and self._has_rows(table):
            raise BadOperation(
                f"{table}.{column.name} can't be added: null=False needs a default for the rows that are there",
                where=operation.where,
                fix="give a default, or add it with null, fill it by m.execute, then m.change_null(..., False)",
            )

    def _has_rows(self, table: str) -> bool:
        statement: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(sa.table(table)).limit(1)
        return self.connection.execute(statement).first() is not None

    def _find_key(self, operation: Operation, table: str, column: str) -> str | None:
        key = self.build_catalog().list_references(table).get(column)
        if key is None:
            raise BadOperation(f"{table}.{column} has no foreign key", where=operation.where)
        name: str | None = key["name"]
        return name


def foreign_key_name(table: str, column: str) -> str:
    """Name the foreign key of a column."""
    return short_name(f"fk_{table}_{column}")


def check_name(operation: Operation, what: str, name: str, names: Iterable[str | None], listed: str) -> None:
    """Raise BadOperation when a name is not among those that are there: with the near ones, or else all of them."""
    there = [one for one in names if one]
    if name in there:
        return
    near = closest(name, there)
    raise BadOperation(
        what,
        where=operation.where,
        fix=f"did you mean {near[0]!r}?" if near else f"{listed} {', '.join(there) or 'none'}",
    )
