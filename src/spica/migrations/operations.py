"""Operations as data: what a migration does to a database, and what undoes it.

Rules of this file:
- An operation knows nothing of a database; ddl.py carries it out.
- `inverse` gives the operation that undoes this one, or raises IrreversibleMigration and says what to write.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from spica.migrations.columns import Column
from spica.migrations.errors import IrreversibleMigration

MAX_NAME_BYTES = 63  # of PostgreSQL, which would cut longer ones off; MariaDB takes 64 characters


@dataclass(slots=True, kw_only=True)
class Operation(ABC):
    """One change. `where` is the file and line of the migration that asks for it."""

    where: str = field(default="", compare=False)

    @abstractmethod
    def inverse(self) -> Operation:
        """Build the operation that undoes this one. Raises IrreversibleMigration."""


@dataclass(slots=True)
class TableOperation(Operation, ABC):
    """A change of one table."""

    table: str


@dataclass(slots=True)
class CreateTable(TableOperation):
    """Create a table with an `id` and these columns."""

    columns: list[Column] = field(default_factory=list)

    def inverse(self) -> Operation:
        return DropTable(self.table, self.columns, where=self.where)


@dataclass(slots=True)
class DropTable(TableOperation):
    """Drop a table; reversible when its columns are given."""

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
class AddColumn(TableOperation):
    """Add a column to a table."""

    column: Column

    def inverse(self) -> Operation:
        return RemoveColumn(self.table, self.column.name, self.column, where=self.where)


@dataclass(slots=True)
class RemoveColumn(TableOperation):
    """Remove a column; reversible when its type is given."""

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
class RenameColumn(TableOperation):
    """Give a column another name."""

    old: str
    new: str

    def inverse(self) -> Operation:
        return RenameColumn(self.table, self.new, self.old, where=self.where)


@dataclass(slots=True)
class ChangeColumn(TableOperation):
    """Give a column another type or other options; reversible when `was` says what it had."""

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
class ChangeNull(TableOperation):
    """Allow or forbid NULL in a column; the rest of it stays."""

    name: str
    null: bool

    def inverse(self) -> Operation:
        return ChangeNull(self.table, self.name, not self.null, where=self.where)


@dataclass(slots=True)
class ChangeDefault(TableOperation):
    """Give a column another default, None for none; reversible when `was` says what it had."""

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
class AddForeignKey(TableOperation):
    """Let a column refer to the rows of another table."""

    column: str
    to: str
    on_delete: str | None = None

    def inverse(self) -> Operation:
        return RemoveForeignKey(self.table, self.column, self.to, self.on_delete, where=self.where)


@dataclass(slots=True)
class RemoveForeignKey(TableOperation):
    """Let a column refer to nothing any more; reversible when `to` says what it referred to."""

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
class AddCheck(TableOperation):
    """Add a condition that every row of a table must meet."""

    condition: str
    name: str

    def inverse(self) -> Operation:
        return RemoveCheck(self.table, self.name, self.condition, where=self.where)


@dataclass(slots=True)
class RemoveCheck(TableOperation):
    """Remove a table's condition; reversible when the condition is given."""

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
class AddIndex(TableOperation):
    """Add an index on columns of a table; with a condition, of the rows that meet it.

    concurrently: on PostgreSQL, while others write to the table, and outside of a transaction.
    """

    columns: tuple[str, ...]
    name: str
    unique: bool = False
    condition: str = ""
    concurrently: bool = False

    def inverse(self) -> Operation:
        return RemoveIndex(
            self.table, self.columns, self.name, self.unique, self.condition, self.concurrently, where=self.where
        )


@dataclass(slots=True)
class RemoveIndex(TableOperation):
    """Remove an index; reversible when its columns are given."""

    columns: tuple[str, ...]
    name: str
    unique: bool = False
    condition: str = ""
    concurrently: bool = False

    def inverse(self) -> Operation:
        if not self.columns:
            raise _irreversible(
                f'remove_index("{self.table}", name="{self.name}")',
                self.where,
                "the index' columns are not known",
                f'give them: m.remove_index("{self.table}", ["column"], name="{self.name}")',
            )
        return AddIndex(
            self.table, self.columns, self.name, self.unique, self.condition, self.concurrently, where=self.where
        )


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
    return short_name(f"index_{table}_on_{'_and_'.join(columns)}")


def short_name(name: str) -> str:
    """Shorten a name to what every database takes; the end tells two long ones apart."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{name.encode()[: MAX_NAME_BYTES - 9].decode(errors='ignore')}_{digest}"


def _irreversible(operation: str, where: str, why: str, fix: str) -> IrreversibleMigration:
    return IrreversibleMigration(f"{operation} can't be undone", where=where, why=why, fix=fix)
