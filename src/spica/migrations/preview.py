"""The preview: the statements of migrations, without running them on the database.

They are run on an empty copy of the same kind, because what is done to a table depends on what the table has: Alembic's
offline mode can't write those statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from spica.migrations.history import STEPS_TABLE

_LOOKS = ("SELECT", "SHOW", "DESCRIBE", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET")


@dataclass(frozen=True, slots=True)
class MigrationSql:
    """The statements of one migration, and whether it is one transaction."""

    version: str
    name: str
    statements: list[str]
    in_transaction: bool = True


@contextmanager
def collecting(connection: sa.Connection) -> Iterator[list[str]]:
    """Collect the statements that change something, with their values written into the text."""
    statements: list[str] = []

    def collect(_: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if _changes(statement):
            statements.append(_literal(statement, context, connection.dialect))

    sa.event.listen(connection, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        sa.event.remove(connection, "before_cursor_execute", collect)


def _changes(statement: str) -> bool:
    word = statement.split(None, 1)[0].upper()
    return word not in _LOOKS and (word != "PRAGMA" or "=" in statement) and STEPS_TABLE not in statement


def _literal(statement: str, context: Any, dialect: sa.Dialect) -> str:
    compiled = getattr(context, "compiled", None)
    if compiled is None or compiled.statement is None or not compiled.params:
        return statement.strip()
    return str(compiled.statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).strip()
