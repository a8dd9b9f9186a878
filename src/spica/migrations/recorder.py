"""The recorder: what a migration's methods get as `m`. It writes down operations; nothing runs yet.

Example:
    def change(self, m):
        with m.create_table("posts") as t:
            t.string("title", limit=200, null=False)
            t.timestamps()
        m.add_index("posts", ["title"], unique=True)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from spica.migrations.columns import Column, build_column, check_on_delete, enum_check
from spica.migrations.errors import BadOperation
from spica.migrations.operations import (
    UNKNOWN,
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
    index_name,
)


class TableRecorder:
    """The columns of a table: `t` in `with m.create_table("posts") as t`. Every column may have null= and default=."""

    def __init__(self, recorder: Recorder, operation: CreateTable | DropTable) -> None:
        self._recorder = recorder
        self._operation = operation

    def __enter__(self) -> TableRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def string(self, name: str, **options: Any) -> None:
        """Add a text column; limit= is its longest length."""
        self._add(name, "string", options)

    def text(self, name: str, **options: Any) -> None:
        """Add a text column without a length."""
        self._add(name, "text", options)

    def integer(self, name: str, **options: Any) -> None:
        """Add an integer column."""
        self._add(name, "integer", options)

    def bigint(self, name: str, **options: Any) -> None:
        """Add a 64-bit integer column."""
        self._add(name, "bigint", options)

    def float(self, name: str, **options: Any) -> None:
        """Add a floating point column."""
        self._add(name, "float", options)

    def decimal(self, name: str, **options: Any) -> None:
        """Add an exact number; precision= is how many digits it has, scale= how many of them after the point."""
        self._add(name, "decimal", options)

    def boolean(self, name: str, **options: Any) -> None:
        """Add a yes-or-no column."""
        self._add(name, "boolean", options)

    def date(self, name: str, **options: Any) -> None:
        """Add a date column."""
        self._add(name, "date", options)

    def datetime(self, name: str, **options: Any) -> None:
        """Add a column of points in time, in UTC."""
        self._add(name, "datetime", options)

    def time(self, name: str, **options: Any) -> None:
        """Add a column of times of day."""
        self._add(name, "time", options)

    def json(self, name: str, **options: Any) -> None:
        """Add a column for lists and dicts."""
        self._add(name, "json", options)

    def binary(self, name: str, **options: Any) -> None:
        """Add a column of bytes."""
        self._add(name, "binary", options)

    def uuid(self, name: str, **options: Any) -> None:
        """Add a UUID column."""
        self._add(name, "uuid", options)

    def uuid_key(self, name: str = "id") -> None:
        """Add a UUID column that is the table's key, in the place of the numbered `id`."""
        self._add(name, "uuid", {"key": True})

    def interval(self, name: str, **options: Any) -> None:
        """Add a column of lengths of time; microseconds where the database has no such type."""
        self._add(name, "interval", options)

    def array(self, name: str, **options: Any) -> None:
        """Add a column of lists, of= is the type of the items: an array on PostgreSQL, JSON elsewhere."""
        self._add(name, "array", options)

    def enum(self, name: str, values: Sequence[Any], **options: Any) -> None:
        """Add a column that has one of some values, and the check for it; integers make it an integer column."""
        if not values or isinstance(values, str):
            raise BadOperation(
                f"the enum {name!r} needs its values", where=_caller(), fix=f't.enum("{name}", ["draft", "live"])'
            )
        self._add(name, "integer" if all(isinstance(value, int) for value in values) else "string", options)
        condition, check = enum_check(self._operation.table, name, values)
        self._recorder.check_beside(self._operation, condition, check)

    def password(self, name: str = "password", *, null: bool = False) -> None:
        """Add the column of a password's hash, `<name>_hash`, as a model's `password: Password` needs it."""
        self._add(f"{name}_hash", "string", {"null": null})

    def references(self, name: str, *, index: bool = True, **options: Any) -> None:
        """Add a reference to a row of another table: the column `<name>_id`, a foreign key and an index.

        Args:    name: without "_id"; table: default the plural of the name; on_delete: "cascade", "restrict" or
                 "set null"; key_type: "uuid" or "string" where the other table's key is; refers_to: its name where it
                 is not `id`; index: False for none.
        """
        column = self._add(name, "references", options)
        if index:
            self._recorder.index_beside(self._operation, column.name)

    def timestamps(self) -> None:
        """Add `created_at` and `updated_at`."""
        self._add("created_at", "datetime", {"null": False})
        self._add("updated_at", "datetime", {"null": False})

    def check(self, condition: str, *, name: str) -> None:
        """Add a condition, in SQL, that every row must meet: `t.check("price >= 0", name="price_is_positive")`."""
        self._recorder.check_beside(self._operation, condition, name)

    def _add(self, name: str, type: str, options: dict[str, Any]) -> Column:
        where = _caller()
        column = build_column(name, type, options, where=where)
        is_there = any(column.name == other.name for other in self._operation.columns)
        if is_there or (column.name == "id" and not column.key):
            raise BadOperation(f"the table {self._operation.table} has a column {column.name!r} already", where=where)
        self._operation.columns.append(column)
        return column


class Recorder:
    """What a migration wants done, in order."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def create_table(self, table: str) -> TableRecorder:
        """Create a table; add its columns in the `with` block. It has an `id` unless a column says key=True."""
        operation = CreateTable(table, where=_caller())
        self.operations.append(operation)
        return TableRecorder(self, operation)

    def drop_table(self, table: str) -> TableRecorder:
        """Drop a table. To be reversible, say its columns in a `with` block."""
        operation = DropTable(table, where=_caller())
        self.operations.append(operation)
        return TableRecorder(self, operation)

    def rename_table(self, old: str, new: str) -> None:
        """Give a table another name."""
        self.operations.append(RenameTable(old, new, where=_caller()))

    def add_column(self, table: str, name: str, type: str, /, **options: Any) -> None:
        """Add a column. With null=False it needs a default for the rows that are there."""
        where = _caller()
        self.operations.append(AddColumn(table, build_column(name, type, options, where=where), where=where))

    def remove_column(self, table: str, name: str, type: str | None = None, /, **options: Any) -> None:
        """Remove a column and the indexes on it. To be reversible, say its type."""
        where = _caller()
        column = None if type is None else build_column(name, type, options, where=where)
        self.operations.append(RemoveColumn(table, name if column is None else column.name, column, where=where))

    def add_reference(self, table: str, name: str, /, *, index: bool = True, **options: Any) -> None:
        """Add a reference to a row of another table: the column `<name>_id`, a foreign key and an index."""
        where = _caller()
        column = build_column(name, "references", options, where=where)
        self.operations.append(AddColumn(table, column, where=where))
        if index:
            columns = (column.name,)
            self.operations.append(AddIndex(table, columns, index_name(table, columns), where=where))

    def remove_reference(self, table: str, name: str, /, *, index: bool = True, **options: Any) -> None:
        """Remove a reference that `add_reference` or `t.references` made."""
        where = _caller()
        column = build_column(name, "references", options, where=where)
        if index:
            columns = (column.name,)
            self.operations.append(RemoveIndex(table, columns, index_name(table, columns), where=where))
        self.operations.append(RemoveColumn(table, column.name, column, where=where))

    def rename_column(self, table: str, old: str, new: str) -> None:
        """Give a column another name."""
        self.operations.append(RenameColumn(table, old, new, where=_caller()))

    def change_column(
        self, table: str, name: str, type: str, /, *, was: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """Give a column another type or other options.

        Args:    type and options: what it is from now on, whole; was: what it was, {"type": "string", "limit": 200},
                 to be reversible.
        """
        where = _caller()
        column = build_column(name, type, options, where=where)
        before = None
        if was is not None:
            before = build_column(
                name, was.get("type", type), {k: v for k, v in was.items() if k != "type"}, where=where
            )
        self.operations.append(ChangeColumn(table, column, before, where=where))

    def add_index(
        self,
        table: str,
        columns: Sequence[str] | str,
        *,
        unique: bool = False,
        name: str = "",
        where: str = "",
        concurrently: bool = False,
    ) -> None:
        """Add an index; its name is made of the table and the columns unless one is given.

        Args:    where: a condition in SQL, for an index of the rows that meet it: `where="deleted_at IS NULL"`;
                 concurrently: on PostgreSQL, build it while others write to the table, outside of a transaction.
        """
        names = _as_names(columns)
        name = name or index_name(table, names)
        self.operations.append(AddIndex(table, names, name, unique, where, concurrently, where=_caller()))

    def remove_index(
        self,
        table: str,
        columns: Sequence[str] | str = (),
        *,
        unique: bool = False,
        name: str = "",
        where: str = "",
        concurrently: bool = False,
    ) -> None:
        """Remove an index, found by its columns or its name. To be reversible, say all that `add_index` said."""
        names = _as_names(columns)
        if not (names or name):
            raise BadOperation("remove_index needs the columns or the name of the index", where=_caller())
        name = name or index_name(table, names)
        self.operations.append(RemoveIndex(table, names, name, unique, where, concurrently, where=_caller()))

    def change_null(self, table: str, name: str, null: bool) -> None:
        """Allow NULL in a column (True) or forbid it (False); the rest of the column stays."""
        self.operations.append(ChangeNull(table, name, null, where=_caller()))

    def change_default(self, table: str, name: str, default: Any, *, was: Any = UNKNOWN) -> None:
        """Give a column another default, None for none. To be reversible, say what it `was`."""
        self.operations.append(ChangeDefault(table, name, default, was, where=_caller()))

    def add_timestamps(self, table: str, *, default: Any = None) -> None:
        """Add `created_at` and `updated_at`; a table with rows needs a default for them."""
        for name in ("created_at", "updated_at"):
            self.add_column(table, name, "datetime", null=False, default=default)

    def remove_timestamps(self, table: str, *, default: Any = None) -> None:
        """Remove `created_at` and `updated_at`; coming back, rows get the default."""
        for name in ("updated_at", "created_at"):
            self.remove_column(table, name, "datetime", null=False, default=default)

    def add_foreign_key(self, table: str, column: str, to: str, *, on_delete: str | None = None) -> None:
        """Let a column that is there refer to the ids of the table `to`; on_delete as in `t.references`."""
        where = _caller()
        check_on_delete(on_delete, where)
        self.operations.append(AddForeignKey(table, column, to, on_delete, where=where))

    def remove_foreign_key(
        self, table: str, column: str, to: str | None = None, *, on_delete: str | None = None
    ) -> None:
        """Let a column refer to nothing any more. To be reversible, say the table `to`."""
        where = _caller()
        check_on_delete(on_delete, where)
        self.operations.append(RemoveForeignKey(table, column, to, on_delete, where=where))

    def add_check(self, table: str, condition: str, *, name: str) -> None:
        """Add a condition, in SQL, that every row must meet: `m.add_check("items", "price >= 0", name="price_ok")`."""
        self.operations.append(AddCheck(table, condition, name, where=_caller()))

    def remove_check(self, table: str, condition: str | None = None, *, name: str) -> None:
        """Remove a condition by its name. To be reversible, say the condition."""
        self.operations.append(RemoveCheck(table, name, condition, where=_caller()))

    def execute(self, up: str, down: str | None = None) -> None:
        """Run SQL. To be reversible, give the SQL that undoes it."""
        self.operations.append(Execute(up, down, where=_caller()))

    def index_beside(self, operation: CreateTable | DropTable, column: str) -> None:
        """Record the index of a table's reference: added after the table, removed before it. For TableRecorder."""
        columns = (column,)
        name = index_name(operation.table, columns)
        if isinstance(operation, CreateTable):
            self.operations.append(AddIndex(operation.table, columns, name, where=operation.where))
        else:
            place = self.operations.index(operation)
            self.operations.insert(place, RemoveIndex(operation.table, columns, name, where=operation.where))

    def check_beside(self, operation: CreateTable | DropTable, condition: str, name: str) -> None:
        """Record the check of a table: added after it, removed before it. For TableRecorder."""
        if isinstance(operation, CreateTable):
            self.operations.append(AddCheck(operation.table, condition, name, where=_caller()))
        else:
            place = self.operations.index(operation)
            self.operations.insert(place, RemoveCheck(operation.table, name, condition, where=_caller()))


def _as_names(columns: Sequence[str] | str) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _caller() -> str:
    """Find the line of the migration that called: the first frame outside this file."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
