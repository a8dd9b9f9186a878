"""The options of a PostgreSQL URL."""

from __future__ import annotations

from dataclasses import dataclass

from spica.db.options import ServerOptions


@dataclass(frozen=True, slots=True)
class PostgresqlOptions(ServerOptions):
    """What every server has, and:

    pgbouncer: whether a pooler stands between that gives each transaction another connection; default false. Nothing
               is then prepared for longer than a statement.
    """

    pgbouncer: bool = False
