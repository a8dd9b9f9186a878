"""Migration: the class that a file in db/migrations has.

Rules of this file:
- `change` says what to do; rolling back undoes its operations in reverse, or refuses and names the one that can't be.
- `up` and `down` say both ways. A migration has `change`, or `up` and, to be reversible, `down`.
- `irreversible = "why"` marks one that nobody shall roll back: rolling back is refused with that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from spica.migrations.errors import BadMigrationFile, IrreversibleMigration
from spica.migrations.operations import Operation
from spica.migrations.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable


class Migration:
    """Base class of migrations.

    Example:
        class CreatePosts(Migration):
            def change(self, m):
                with m.create_table("posts") as t:
                    t.string("title", limit=200, null=False)
                    t.timestamps()
    """

    version: ClassVar[str] = ""
    irreversible: ClassVar[str] = ""

    change: Callable[[Recorder], None]
    up: Callable[[Recorder], None]
    down: Callable[[Recorder], None]


def record_up(migration: type[Migration]) -> list[Operation]:
    """List the operations of a migration."""
    record = _method(migration, "change") or _method(migration, "up")
    if record is None:
        raise BadMigrationFile(
            f"{migration.__name__} does nothing", fix="give it `def change(self, m):`, or `up` and `down`"
        )
    recorder = Recorder()
    record(recorder)
    return recorder.operations


def record_down(migration: type[Migration]) -> list[Operation]:
    """List the operations that undo a migration. Raises IrreversibleMigration."""
    if migration.irreversible:
        raise IrreversibleMigration(
            f"{migration.__name__} can't be rolled back",
            why=migration.irreversible,
            fix="write a new migration that changes what must change",
        )
    recorder = Recorder()
    if (down := _method(migration, "down")) is not None:
        down(recorder)
        return recorder.operations
    if _method(migration, "change") is None:
        raise IrreversibleMigration(
            f"{migration.__name__} can't be rolled back",
            why="it has `up` and no `down`",
            fix="write `def down(self, m):`",
        )
    return [operation.inverse() for operation in reversed(record_up(migration))]


def has_change(migration: type[Migration]) -> bool:
    """Whether what undoes each operation of a migration is known."""
    return _method(migration, "change") is not None


def _method(migration: type[Migration], name: str) -> Callable[[Recorder], None] | None:
    method: Callable[[Recorder], None] | None = getattr(migration(), name, None)
    return method
