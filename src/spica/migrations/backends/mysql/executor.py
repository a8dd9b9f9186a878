"""Operations on MariaDB and MySQL.

Rules of this file:
- A change of tables ends the transaction before it, and can't be undone with one. So each operation is one statement,
  which the database does wholly or not at all.
- `is_done` looks whether an interrupted run did it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from spica.migrations.backends.mysql.catalog import MysqlCatalog
from spica.migrations.columns import Column
from spica.migrations.conditions import words_in
from spica.migrations.errors import BadOperation
from spica.migrations.executor import Executor, foreign_key_name
from spica.migrations.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    CreateTable,
    DropTable,
    Operation,
    RemoveCheck,
    RemoveColumn,
    RemoveForeignKey,
    RemoveIndex,
    RenameColumn,
    RenameTable,
)


class MysqlExecutor(Executor):
    """Carries operations out on MariaDB and MySQL."""

    catalog_class = MysqlCatalog

    def add_column(self, table: str, column: Column) -> None:
        """Add a column, with its foreign key."""
        clauses = [f"ADD COLUMN {self._specify(table, column)}"]
        if column.type == "references":
            clauses.append(
                self._say_key(table, column.name, column.table or "", column.on_delete, column.refers_to or "id")
            )
        self._alter(table, *clauses)

    def remove_column(self, table: str, name: str) -> None:
        """Remove a column, and the foreign key, the indexes and the checks that name it."""
        catalog = self.build_catalog()
        quote = self._quote
        clauses = []
        if (key := catalog.list_references(table).get(name)) is not None:
            clauses.append(f"DROP FOREIGN KEY {quote(key['name'])}")
        clauses += [
            f"DROP INDEX {quote(index['name'])}"
            for index in catalog.inspector.get_indexes(table)
            if name in index["column_names"]
        ]
        clauses += [
            f"DROP CONSTRAINT {quote(check.name)}"
            for check in catalog.read_checks(table)
            if name in words_in(check.condition)
        ]
        self._alter(table, *clauses, f"DROP COLUMN {quote(name)}")

    def change_column(self, table: str, column: Column) -> None:
        """Give a column another type, null and default; values are cast."""
        self._alter(table, f"MODIFY COLUMN {self._specify(table, column)}")

    def change_null(self, table: str, name: str, null: bool) -> None:
        """Allow or forbid NULL."""
        column = self._read(table, name)
        self._alter(table, f"MODIFY COLUMN {self._specify(table, column, null=null)}")

    def change_default(self, table: str, name: str, default: Any) -> None:
        """Give a column another default."""
        column = self._read(table, name)
        self._alter(table, f"MODIFY COLUMN {self._specify(table, column, default=default)}")

    def add_foreign_key(self, table: str, column: str, to: str, on_delete: str | None) -> None:
        """Let a column refer to the ids of a table."""
        self._alter(table, self._say_key(table, column, to, on_delete))

    def remove_foreign_key(self, table: str, column: str, name: str | None) -> None:
        """Let a column refer to nothing, and drop the index that the database made for it by itself."""
        name = name or foreign_key_name(table, column)
        clauses = [f"DROP FOREIGN KEY {self._quote(name)}"]
        if name in [index["name"] for index in sa.inspect(self.connection).get_indexes(table)]:
            clauses.append(f"DROP INDEX {self._quote(name)}")
        self._alter(table, *clauses)

    def remove_check(self, table: str, name: str) -> None:
        """Remove a condition."""
        self._alter(table, f"DROP CONSTRAINT {self._quote(name)}")

    def add_index(self, operation: AddIndex, *, resuming: bool) -> None:
        """Add an index. It is always built while others write, where the database can."""
        if operation.condition:
            raise BadOperation(
                f"{operation.name} can't be a partial index",
                where=operation.where,
                why="MariaDB and MySQL have none",
                fix="leave where= out, or add a column that is NULL in the other rows and index that",
            )
        super().add_index(operation, resuming=resuming)

    def remove_index(self, operation: RemoveIndex) -> None:
        """Remove an index; a foreign key that needs one gets the one that the database makes by itself."""
        catalog = self.build_catalog()
        indexes = catalog.inspector.get_indexes(operation.table)
        gone = next((index for index in indexes if index["name"] == operation.name), None)
        clauses = [f"DROP INDEX {self._quote(operation.name)}"]
        column = gone["column_names"][0] if gone is not None else None
        key = catalog.list_references(operation.table).get(column or "")
        others = [index for index in indexes if index["name"] != operation.name and index["column_names"][0] == column]
        if key is not None and not others:
            clauses.append(f"ADD INDEX {self._quote(key['name'])} ({self._quote(column or '')})")
        self._alter(operation.table, *clauses)

    def execute(self, sql: str) -> None:
        """Run a statement as it is written: a percent sign in it is none of asyncmy's."""
        self.connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    def is_done(self, operation: Operation) -> bool:
        """Whether an interrupted run has done an operation; the rest does no harm twice."""
        catalog = self.build_catalog()
        tables = catalog.list_tables()

        def columns(table: str) -> list[str]:
            return [column["name"] for column in catalog.inspector.get_columns(table)] if table in tables else []

        match operation:
            case CreateTable(table):
                return table in tables
            case DropTable(table):
                return table not in tables
            case RenameTable(old, new):
                return old not in tables and new in tables
            case AddColumn(table, column):
                return column.name in columns(table)
            case RemoveColumn(table, name):
                return table in tables and name not in columns(table)
            case RenameColumn(table, old, new):
                return old not in columns(table) and new in columns(table)
            case AddForeignKey(table, name):
                return table in tables and name in catalog.list_references(table)
            case RemoveForeignKey(table, name):
                return table in tables and name not in catalog.list_references(table)
            case AddCheck(table, _, name):
                return table in tables and name in [check.name for check in catalog.read_checks(table)]
            case RemoveCheck(table, name):
                return table in tables and name not in [check.name for check in catalog.read_checks(table)]
            case AddIndex(table, _, name):
                return table in tables and name in [index["name"] for index in catalog.list_indexes(table)]
            case RemoveIndex(table, _, name):
                return table in tables and name not in [index["name"] for index in catalog.list_indexes(table)]
        return False

    def _alter(self, table: str, *clauses: str) -> None:
        sql = f"ALTER TABLE {self._quote(table)} {', '.join(clauses)}"
        self.connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    def _read(self, table: str, name: str) -> Column:
        return next(column for column in self.build_catalog().read_columns(table) if column.name == name)

    def _specify(self, table: str, column: Column, **changes: Any) -> str:
        """Write what stands for a column in a statement: its name, type, null and default."""
        built = self.build_column(table, replace(column, **changes), with_key=False)
        dialect = self.connection.dialect
        creation = sa.schema.CreateTable(sa.Table(table, sa.MetaData(), built))
        specification: str = dialect.ddl_compiler(dialect, creation).get_column_specification(built)
        return specification.replace("%%", "%")  # which the compiler doubles for statements with parameters

    def _say_key(self, table: str, column: str, to: str, on_delete: str | None, key: str = "id") -> str:
        quote = self._quote
        rule = f" ON DELETE {on_delete.upper()}" if on_delete else ""
        name = foreign_key_name(table, column)
        return f"ADD CONSTRAINT {quote(name)} FOREIGN KEY ({quote(column)}) REFERENCES {quote(to)} ({quote(key)}){rule}"

    def _quote(self, name: str | None) -> str:
        return self.connection.dialect.identifier_preparer.quote_identifier(name or "")
