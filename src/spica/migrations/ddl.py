"""Carrying operations out, by Alembic. Imported by the runner only: SQLAlchemy and Alembic take 0.5 s to import.

Rules of this file:
- SQLite can't change a column in place: the table is copied (Alembic's batch mode). What the copy would lose is kept by
  rebuild.py.
- Renaming a column or a table is done by the database itself, which also renames it in indexes, triggers and views.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from spica.migrations.backends.sqlite.types import TYPES
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
)
from spica.migrations.rebuild import rebuilding
from spica.migrations.reflection import list_indexes

# An integer id on SQLite must be INTEGER to be the row's own number; other databases get 64 bits.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Executor:
    """Carries operations out on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._alembic = Operations(MigrationContext.configure(connection))

    def run(self, operation: Operation) -> None:
        """Carry one operation out. Raises BadOperation, or what the database raises."""
        match operation:
            case CreateTable(table, columns):
                self._create_table(table, columns)
            case DropTable(table):
                self._alembic.drop_table(table)
            case RenameTable(old, new):
                self._alembic.rename_table(old, new)
            case AddColumn(table, column):
                self._add_column(table, column, operation.where)
            case RemoveColumn(table, name):
                self._remove_column(table, name, operation.where)
            case RenameColumn(table, old, new):
                self._rename_column(table, old, new, operation.where)
            case ChangeColumn(table, column):
                self._change_column(table, column, operation.where)
            case ChangeNull(table, name, null):
                self._alter_column(table, name, operation.where, nullable=null)
            case ChangeDefault(table, name, default):
                self._alter_column(table, name, operation.where, server_default=build_default(default))
            case AddForeignKey(table, column_name, to, on_delete):
                self._add_foreign_key(table, column_name, to, on_delete, operation.where)
            case RemoveForeignKey(table, column_name):
                self._remove_foreign_key(table, column_name, operation.where)
            case AddCheck(table, condition, name):
                with rebuilding(self._alembic, table) as batch:
                    batch.create_check_constraint(name, sql_text(condition))
            case RemoveCheck(table, name):
                self._remove_check(table, name, operation.where)
            case AddIndex(table, columns, name, unique, condition):
                partial: dict[str, Any] = (
                    {f"{self._connection.dialect.name}_where": sql_text(condition)} if condition else {}
                )
                self._alembic.create_index(name, table, list(columns), unique=unique, **partial)
            case RemoveIndex(table, _, name):
                self._alembic.drop_index(name, table_name=table)
            case Execute(up):
                self._connection.exec_driver_sql(up)
            case _:
                raise AssertionError(f"no such operation: {operation}")

    def _create_table(self, table: str, columns: list[Column]) -> None:
        # Without AUTOINCREMENT SQLite gives the id of a deleted last row to the next one: an old link or session would
        # then lead to somebody else's row.
        self._alembic.create_table(
            table,
            sa.Column("id", ID, primary_key=True, autoincrement=True),
            *(build_sql_column(table, column) for column in columns),
            sqlite_autoincrement=True,
        )

    def _add_column(self, table: str, column: Column, where: str) -> None:
        if not column.null and column.default is None and self._has_rows(table):
            raise BadOperation(
                f"{table}.{column.name} can't be added: null=False needs a default for the rows that are there",
                where=where,
                fix="give a default, or add it with null, fill it by m.execute, then m.change_column(..., null=False)",
            )
        if column.type == "references" or not column.null:
            with rebuilding(self._alembic, table) as batch:
                batch.add_column(build_sql_column(table, column))
        else:
            self._alembic.add_column(table, build_sql_column(table, column))

    def _remove_column(self, table: str, name: str, where: str) -> None:
        self._check_column(table, name, where)
        for index in list_indexes(sa.inspect(self._connection), table):
            if name in index["column_names"]:
                self._alembic.drop_index(index["name"], table_name=table)
        with rebuilding(self._alembic, table, without=name) as batch:
            batch.drop_column(name)

    def _rename_column(self, table: str, old: str, new: str, where: str) -> None:
        self._check_column(table, old, where)
        quote = self._connection.dialect.identifier_preparer.quote
        self._connection.exec_driver_sql(f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote(new)}")

    def _change_column(self, table: str, column: Column, where: str) -> None:
        self._check_column(table, column.name, where)
        default = build_default(column.default)
        with rebuilding(self._alembic, table) as batch:
            batch.alter_column(column.name, type_=TYPES.build(column), nullable=column.null, server_default=default)

    def _alter_column(self, table: str, name: str, where: str, **options: Any) -> None:
        self._check_column(table, name, where)
        with rebuilding(self._alembic, table) as batch:
            batch.alter_column(name, **options)

    def _add_foreign_key(self, table: str, column: str, to: str, on_delete: str | None, where: str) -> None:
        self._check_column(table, column, where)
        rule = on_delete.upper() if on_delete else None
        with rebuilding(self._alembic, table) as batch:
            batch.create_foreign_key(f"fk_{table}_{column}", to, [column], ["id"], ondelete=rule)

    def _remove_foreign_key(self, table: str, column: str, where: str) -> None:
        self._check_column(table, column, where)
        keys = sa.inspect(self._connection).get_foreign_keys(table)
        key = next((key for key in keys if key["constrained_columns"] == [column]), None)
        if key is None:
            raise BadOperation(f"{table}.{column} has no foreign key", where=where)
        name = key["name"] or f"fk_{table}_{column}"
        naming = {"fk": "fk_%(table_name)s_%(column_0_name)s"}
        with rebuilding(self._alembic, table, naming=naming) as batch:
            batch.drop_constraint(name, type_="foreignkey")

    def _remove_check(self, table: str, name: str, where: str) -> None:
        names = [check["name"] for check in sa.inspect(self._connection).get_check_constraints(table)]
        if name not in names:
            raise BadOperation(
                f"the table {table!r} has no check {name!r}",
                where=where,
                fix=f"its checks are {', '.join(str(name) for name in names) or 'none'}",
            )
        with rebuilding(self._alembic, table, without_check=name):
            pass

    def _check_column(self, table: str, name: str, where: str) -> None:
        inspector = sa.inspect(self._connection)
        if not inspector.has_table(table):
            raise BadOperation(f"there is no table {table!r}", where=where)
        names = [column["name"] for column in inspector.get_columns(table)]
        if name not in names:
            raise BadOperation(
                f"the table {table!r} has no column {name!r}", where=where, fix=f"its columns are {', '.join(names)}"
            )

    def _has_rows(self, table: str) -> bool:
        if not sa.inspect(self._connection).has_table(table):
            return False  # the statement itself will say so
        statement: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(sa.table(table)).limit(1)
        return self._connection.execute(statement).first() is not None


def build_sql_column(table: str, column: Column) -> sa.Column[Any]:
    """Build SQLAlchemy's column of one of ours."""
    references = []
    if column.type == "references":
        on_delete = column.on_delete.upper() if column.on_delete else None
        name = f"fk_{table}_{column.name}"
        references.append(sa.ForeignKey(f"{column.table}.id", name=name, ondelete=on_delete))
    return sa.Column(
        column.name,
        TYPES.build(column),
        *references,
        nullable=column.null,
        server_default=build_default(column.default),
    )
