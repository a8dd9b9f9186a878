"""What can go wrong with migrations, one class a mistake."""

from __future__ import annotations

from spica.errors import SpicaError


class MigrationError(SpicaError):
    """Base of the errors of migrations."""

    code = "SPICA-M001"


class BadMigrationFile(MigrationError):
    """A file in db/migrations is not a migration: its name, its class, or two files with one version."""

    code = "SPICA-M002"


class BadOperation(MigrationError):
    """A migration asks for something that does not exist: an unknown column type or option."""

    code = "SPICA-M003"


class IrreversibleMigration(MigrationError):
    """A migration can't be rolled back, because one of its operations does not say what was there before."""

    code = "SPICA-M004"


class MigrationFailed(MigrationError):
    """The database refused an operation.

    Where tables are changed in transactions the whole migration was rolled back; elsewhere the message lists the steps
    that are done, and the next run goes on after them. The migrations before it stand.
    """

    code = "SPICA-M005"


class UnknownVersion(MigrationError):
    """A version that no migration file has, or one that the database has and whose file is gone."""

    code = "SPICA-M006"


class NotMigratable(MigrationError):
    """The database can't be migrated: an in-memory one lives only in the process that opened it."""

    code = "SPICA-M007"


class InterruptedMigration(MigrationError):
    """A migration that runs step by step was interrupted, and it can't be gone on with by itself.

    A statement of its own was running and nobody can see whether it happened; or what is done is not what the file says
    now; or it was on its way into the other direction.
    """

    code = "SPICA-M008"
