"""Operations as data: what a migration does to a database, and what undoes it.

Rules of this file:
- An operation knows nothing of a database; ddl.py carries it out.
- `inverse` gives the operation that undoes this one, or raises IrreversibleMigration and says what to write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class AddIndex(Operation):
    """Add an index on columns of a table."""

    table: str
    columns: tuple[str, ...]
    name: str
    unique: bool = False

    def inverse(self) -> Operation:
        return RemoveIndex(self.table, self.columns, self.name, self.unique, where=self.where)


@dataclass(slots=True)
class RemoveIndex(Operation):
    """Remove an index; reversible when its columns are given."""

    table: str
    columns: tuple[str, ...]
    name: str
    unique: bool = False

    def inverse(self) -> Operation:
        if not self.columns:
            raise _irreversible(
                f'remove_index("{self.table}", name="{self.name}")',
                self.where,
                "the index' columns are not known",
                f'give them: m.remove_index("{self.table}", ["column"], name="{self.name}")',
            )
        return AddIndex(self.table, self.columns, self.name, self.unique, where=self.where)


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
