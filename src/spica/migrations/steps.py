"""Steps: the table `schema_migration_steps`, what is done of a migration that runs in several stages.

States of a row: started (`done` is false: it is running, or a run was killed in it), done. Rows go away when the whole
migration is done, so that a row that is there when nobody migrates tells of an interrupted run.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import LONGTEXT

from spica.migrations.history import STEPS_TABLE

_table = sa.Table(
    STEPS_TABLE,
    sa.MetaData(),
    sa.Column("version", sa.String(14), primary_key=True, nullable=False),
    sa.Column("number", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("total", sa.Integer(), nullable=False),
    sa.Column("direction", sa.String(4), nullable=False),
    sa.Column("operation", sa.Text().with_variant(LONGTEXT(), "mysql"), nullable=False),
    sa.Column("done", sa.Boolean(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of an interrupted migration, from 1; `operation` is the stage's text."""

    version: str
    number: int
    total: int
    direction: str
    operation: str
    done: bool


def list_steps(connection: sa.Connection) -> list[Step]:
    """List the steps of interrupted migrations, in order; [] when there is none."""
    if not sa.inspect(connection).has_table(STEPS_TABLE):
        return []
    rows = connection.execute(sa.select(_table).order_by(_table.c.version, _table.c.number))
    return [Step(*row) for row in rows]


def create_steps(connection: sa.Connection) -> None:
    """Create the table where it is missing."""
    _table.create(connection, checkfirst=True)


def write_step(connection: sa.Connection, step: Step) -> None:
    """Write a step down, in place of what was known of it."""
    _delete(connection, step.version, step.number)
    connection.execute(
        sa.insert(_table).values(
            version=step.version,
            number=step.number,
            total=step.total,
            direction=step.direction,
            operation=step.operation,
            done=step.done,
        )
    )


def mark_step(connection: sa.Connection, step: Step, *, done: bool) -> None:
    """Say of a step that is written down whether it is done."""
    connection.execute(
        sa.update(_table).where(_table.c.version == step.version, _table.c.number == step.number).values(done=done)
    )


def remove_step(connection: sa.Connection, step: Step) -> None:
    """Forget a step that was undone."""
    _delete(connection, step.version, step.number)


def clear_steps(connection: sa.Connection, version: str) -> None:
    """Forget all steps of a migration."""
    connection.execute(sa.delete(_table).where(_table.c.version == version))


def _delete(connection: sa.Connection, version: str, number: int) -> None:
    connection.execute(sa.delete(_table).where(_table.c.version == version, _table.c.number == number))
