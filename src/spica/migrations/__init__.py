"""Migrations: changes of the database as files in db/migrations, run in order, undone in reverse.

Example:
    from spica.migrations import Migration

    class CreatePosts(Migration):
        def change(self, m):
            with m.create_table("posts") as t:
                t.string("title", limit=200, null=False)
                t.text("body", null=False)
                t.timestamps()
"""

from spica.migrations.columns import Sql
from spica.migrations.errors import (
    BadMigrationFile,
    BadOperation,
    InterruptedMigration,
    IrreversibleMigration,
    MigrationError,
    MigrationFailed,
    NotMigratable,
    UnknownVersion,
)
from spica.migrations.events import Event
from spica.migrations.files import MigrationFile
from spica.migrations.migration import Migration
from spica.migrations.runner import MigrationStatus, Runner
from spica.migrations.verification import Verification

__all__ = [
    "BadMigrationFile",
    "BadOperation",
    "Event",
    "InterruptedMigration",
    "IrreversibleMigration",
    "Migration",
    "MigrationError",
    "MigrationFailed",
    "MigrationFile",
    "MigrationStatus",
    "NotMigratable",
    "Runner",
    "Sql",
    "UnknownVersion",
    "Verification",
]
