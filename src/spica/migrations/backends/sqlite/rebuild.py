"""Rebuilding a SQLite table: Alembic copies it, and this file keeps what the copy would lose.

Lost by the copy alone: triggers, indexes on expressions, checks, AUTOINCREMENT and its counter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations

from spica.migrations.catalog import without_index_warnings
from spica.migrations.defaults import escape_sql, sql_text

_PARTS = "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL"


@contextmanager
def rebuilding(
    alembic: Operations,
    table: str,
    *,
    without: str = "",
    without_check: str = "",
    naming: dict[str, str] | None = None,
) -> Iterator[BatchOperations]:
    """Change a table by copying it.

    Args:    alembic: the operations; table: its name; without: a column that the block drops;
             without_check: the name of a check that the copy leaves out; naming: how constraints without a name are
             called in the block.
    Returns: a context manager that gives Alembic's batch.
    """
    connection = alembic.get_bind()
    run = connection.exec_driver_sql
    parts = _parts(connection, table)
    counter = _counter(connection, table)
    reflected = sa.inspect(connection).get_check_constraints(table)
    checks = tuple(
        sa.CheckConstraint(sql_text(check["sqltext"]), name=check["name"])
        for check in reflected
        if not (without and without in check["sqltext"]) and not (without_check and check["name"] == without_check)
    )
    # Views that read the table would make the renaming of the copy fail: for that moment the table is not there.
    run("PRAGMA legacy_alter_table = ON")
    try:
        with (
            without_index_warnings(),
            alembic.batch_alter_table(
                table,
                recreate="always",
                table_args=checks,
                naming_convention=naming,
                table_kwargs={"sqlite_autoincrement": counter is not None},
                reflect_kwargs={"listeners": [("column_reflect", _keep_default)]},
            ) as batch,
        ):
            for check in reflected:
                if check["name"]:  # Alembic's own copy of it takes a colon for a parameter
                    batch.drop_constraint(check["name"], type_="check")
            _make_generated_anew(batch, connection, table, without)
            yield batch
    finally:
        run("PRAGMA legacy_alter_table = OFF")
    kept = _parts(connection, table)
    for name, sql in parts.items():
        if name not in kept:
            run(sql)
    if counter:
        statement = sa.text("UPDATE sqlite_sequence SET seq = max(seq, :counter) WHERE name = :table")
        connection.execute(statement.bindparams(counter=counter, table=table))


def _make_generated_anew(batch: BatchOperations, connection: sa.Connection, table: str, without: str) -> None:
    """Take generated columns out and in again, where they were: their values can't be copied."""
    before = None
    for column in sa.inspect(connection).get_columns(table):
        name, computed = column["name"], column.get("computed")
        if computed is not None and name != without:
            generated = sa.Computed(sql_text(computed["sqltext"]), persisted=computed["persisted"])
            batch.drop_column(name)
            batch.add_column(
                sa.Column(name, column["type"], generated, nullable=column["nullable"]), insert_after=before
            )
        before = name


def _keep_default(inspector: Any, table: Any, column: Any) -> None:
    """Take a default as the SQL that it is: SQLAlchemy would see a parameter in a colon, and put NULL in its place."""
    if column["default"] is not None:
        column["default"] = escape_sql(column["default"])


def _parts(connection: sa.Connection, table: str) -> dict[str, str]:
    """Read the statements that made a table's indexes and triggers, by name."""
    return {part.name: part.sql for part in connection.exec_driver_sql(_PARTS, (table,))}


def _counter(connection: sa.Connection, table: str) -> int | None:
    """Read the highest id that a table ever gave; None for a table without AUTOINCREMENT."""
    sql = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).scalar()
    if sql is None or "AUTOINCREMENT" not in sql.upper():
        return None
    return int(connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).scalar() or 0)
