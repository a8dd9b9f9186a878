"""Who else is connected to a PostgreSQL, in words."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_SELECT = (
    "SELECT a.pid, a.application_name, host(a.client_addr), a.state,"
    " extract(epoch FROM now() - coalesce(a.xact_start, a.state_change, a.backend_start))::int"
    " FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND {condition}"
)
_HOLDS_LOCK = (
    "a.pid IN (SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (l.classid::bigint << 32) | l.objid::bigint = $1)"
)
_USES_TABLE = "a.pid IN (SELECT l.pid FROM pg_locks l WHERE l.granted AND l.relation = to_regclass(quote_ident($1)))"
_USES_DATABASE = "a.datname = $1"


def describe_lock_holder(connection: sa.Connection, key: int) -> str:
    """Name the session that has an advisory lock of this database."""
    return _describe(connection, _HOLDS_LOCK, key)


def describe_table_users(connection: sa.Connection, table: str) -> str:
    """Name the sessions that have locks on a table."""
    return _describe(connection, _USES_TABLE, table)


def describe_users(connection: sa.Connection, database: str) -> str:
    """Name the sessions that are connected to a database."""
    return _describe(connection, _USES_DATABASE, database)


def _describe(connection: sa.Connection, condition: str, value: Any) -> str:
    """Name sessions, separated by semicolons; "" for none."""
    rows = connection.exec_driver_sql(_SELECT.format(condition=condition), (value,))
    return "; ".join(_name(*row) for row in rows)


def _name(pid: int, application: str, host: str | None, state: str | None, seconds: int) -> str:
    place = f" from {host}" if host else ""
    return f"session {pid} ({application or 'unnamed'}{place}, {state or 'working'} for {seconds} s)"
