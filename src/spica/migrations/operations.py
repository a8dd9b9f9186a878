"""Operations as data: what a migration does to a database, and what undoes it.

Rules of this file:
- An operation knows nothing of a database; ddl.py carries it out.
- `inverse` gives the operation that undoes this one, or raises IrreversibleMigration and says what to write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from spica.migrations.columns import Column
from spica.migrations.errors import IrreversibleMigration


@dataclass(slots=True, kw_only=True)
class Operation(ABC):
    """One change. `where` is the file and line of the migration that asks for it."""

    where: str = field(default="", compare=False)

    @abstractmethod
    def inverse(self) -> Operation:
        """Build the operation that undoes this one. Raises IrreversibleMigration."""


@dataclass(slots=True)
class CreateTable(Operation):
    """Create a table with an `id` and these columns."""

    table: str
    columns: list[Column] = field(default_factory=list)

    def inverse(self) -> Operation:
        return DropTable(self.table, self.columns, where=self.where)


@dataclass(slots=True)
class DropTable(Operation):
    """Drop a table; reversible when its columns are given."""

    table: str
    columns: list[Column] = field(default_factory=list)

    def inverse(self) -> Operation:
        if not self.columns:
            raise _irreversible(
                f'drop_table("{self.table}")',
                self.where,
                "its columns are not known",
                f'give them: with m.drop_table("{self.table}") as t: t.string("title") ...',
            )
        return CreateTable(self.table, self.columns, where=self.where)


@dataclass(slots=True)
class RenameTable(Operation):
    """Give a table another name."""

    old: str
    new: str

    def inverse(self) -> Operation:
        return RenameTable(self.new, self.old, where=self.where)


@dataclass(slots=True)
class AddColumn(Operation):
    """Add a column to a table."""

    table: str
    column: Column

    def inverse(self) -> Operation:
        return RemoveColumn(self.table, self.column.name, self.column, where=self.where)


@dataclass(slots=True)
class RemoveColumn(Operation):
    """Remove a column; reversible when its type is given."""

    table: str
    name: str
    column: Column | None = None

    def inverse(self) -> Operation:
        if self.column is None:
            raise _irreversible(
                f'remove_column("{self.table}", "{self.name}")',
                self.where,
                "the column's type is not known",
                f'give it: m.remove_column("{self.table}", "{self.name}", "string")',
            )
        return AddColumn(self.table, self.column, where=self.where)


@dataclass(slots=True)
class RenameColumn(Operation):
    """Give a column another name."""

    table: str
    old: str
    new: str

    def inverse(self) -> Operation:
        return RenameColumn(self.table, self.new, self.old, where=self.where)


@dataclass(slots=True)
class ChangeColumn(Operation):
    """Give a column another type or other options; reversible when `was` says what it had."""

    table: str
    column: Column
    was: Column | None = None

    def inverse(self) -> Operation:
        if self.was is None:
            raise _irreversible(
                f'change_column("{self.table}", "{self.column.name}", ...)',
                self.where,
                "what the column was before is not known",
                'give it: m.change_column(..., was={"type": "string", "limit": 200})',
            )
        return ChangeColumn(self.table, self.was, self.column, where=self.where)


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()


@dataclass(slots=True)
class ChangeNull(Operation):
    """Allow or forbid NULL in a column; the rest of it stays."""

    table: str
    name: str
    null: bool

    def inverse(self) -> Operation:
        return ChangeNull(self.table, self.name, not self.null, where=self.where)


@dataclass(slots=True)
class ChangeDefault(Operation):
    """Give a column another default, None for none; reversible when `was` says what it had."""

    table: str
    name: str
    default: Any
    was: Any = UNKNOWN

    def inverse(self) -> Operation:
        if self.was is UNKNOWN:
            raise _irreversible(
                f'change_default("{self.table}", "{self.name}", ...)',
                self.where,
                "what the default was before is not known",
                "give it, None for none: m.change_default(..., was=None)",
            )
        return ChangeDefault(self.table, self.name, self.was, self.default, where=self.where)


@dataclass(slots=True)
class AddForeignKey(Operation):
    """Let a column refer to the rows of another table."""

    table: str
    column: str
    to: str
    on_delete: str | None = None

    def inverse(self) -> Operation:
        return RemoveForeignKey(self.table, self.column, self.to, self.on_delete, where=self.where)


@dataclass(slots=True)
class RemoveForeignKey(Operation):
    """Let a column refer to nothing any more; reversible when `to` says what it referred to."""

    table: str
    column: str
    to: str | None = None
    on_delete: str | None = None

    def inverse(self) -> Operation:
        if self.to is None:
            raise _irreversible(
                f'remove_foreign_key("{self.table}", "{self.column}")',
                self.where,
                "the table it refers to is not known",
                f'give it: m.remove_foreign_key("{self.table}", "{self.column}", to="...")',
            )
        return AddForeignKey(self.table, self.column, self.to, self.on_delete, where=self.where)


@dataclass(slots=True)
class AddCheck(Operation):
    """Add a condition that every row of a table must meet."""

    table: str
    condition: str
    name: str

    def inverse(self) -> Operation:
        return RemoveCheck(self.table, self.name, self.condition, where=self.where)


@dataclass(slots=True)
class RemoveCheck(Operation):
    """Remove a table's condition; reversible when the condition is given."""

    table: str
    name: str
    condition: str | None = None

    def inverse(self) -> Operation:
        if self.condition is None:
            raise _irreversible(
                f'remove_check("{self.table}", name="{self.name}")',
                self.where,
                "its condition is not known",
                f'give it: m.remove_check("{self.table}", "price >= 0", name="{self.name}")',
            )
        return AddCheck(self.table, self.condition, self.name, where=self.where)


@dataclass(slots=True)
class AddIndex(Operation):
    """Add an index on columns of a table; with a condition, of the rows that meet it."""

    table: str
    columns: tuple[str, ...]
    name: str
    unique: bool = False
    condition: str = ""

    def inverse(self) -> Operation:
        return RemoveIndex(self.table, self.columns, self.name, self.unique, self.condition, where=self.where)


@dataclass(slots=True)
class RemoveIndex(Operation):
    """Remove an index; reversible when its columns are given."""

    table: str
    columns: tuple[str, ...]
    name: str
    unique: bool = False
    condition: str = ""

    def inverse(self) -> Operation:
        if not self.columns:
            raise _irreversible(
                f'remove_index("{self.table}", name="{self.name}")',
                self.where,
                "the index' columns are not known",
                f'give them: m.remove_index("{self.table}", ["column"], name="{self.name}")',
            )
        return AddIndex(self.table, self.columns, self.name, self.unique, self.condition, where=self.where)


@dataclass(slots=True)
class Execute(Operation):
    """Run SQL; reversible when the SQL that undoes it is given."""

    up: str
    down: str | None = None

    def inverse(self) -> Operation:
        if self.down is None:
            raise _irreversible(
                f"execute({self.up!r})",
                self.where,
                "SQL can't be turned round by itself",
                'give the way back: m.execute("...", "...")',
            )
        return Execute(self.down, self.up, where=self.where)


def index_name(table: str, columns: tuple[str, ...]) -> str:
    """Name an index by its table and columns: `index_posts_on_author_id_and_created_at`."""
    return f"index_{table}_on_{'_and_'.join(columns)}"


def _irreversible(operation: str, where: str, why: str, fix: str) -> IrreversibleMigration:
    return IrreversibleMigration(f"{operation} can't be undone", where=where, why=why, fix=fix)
