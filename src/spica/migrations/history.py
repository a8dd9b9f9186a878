"""History: the table `schema_migrations`, one row a migration that the database has."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

TABLE = "schema_migrations"
STEPS_TABLE = "schema_migration_steps"
OWN_TABLES = (TABLE, STEPS_TABLE)

_table = sa.Table(TABLE, sa.MetaData(), sa.Column("version", sa.String(14), primary_key=True, nullable=False))


def list_applied(connection: sa.Connection) -> list[str]:
    """List the versions that the database has, in order; [] for a database that was never migrated."""
    if not sa.inspect(connection).has_table(TABLE):
        return []
    return list(connection.execute(sa.select(_table.c.version).order_by(_table.c.version)).scalars())


def create_history(connection: sa.Connection) -> None:
    """Create the table where it is missing."""
    _table.create(connection, checkfirst=True)


def add_versions(connection: sa.Connection, versions: Iterable[str]) -> None:
    """Write down that the database has these versions now. Creates the table where it is missing."""
    create_history(connection)
    for version in versions:
        connection.execute(sa.insert(_table).values(version=version))


def remove_version(connection: sa.Connection, version: str) -> None:
    """Write down that the database does not have this version any more."""
    connection.execute(sa.delete(_table).where(_table.c.version == version))
