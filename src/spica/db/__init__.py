"""Databases: `configure` one, write SQL with bound values, group statements in transactions.

Example:
    from spica import db

    db.configure("sqlite://./db/development.db")
    rows = await db.query("select * from posts where id = :id", id=7)
"""

from __future__ import annotations

from typing import Any

from spica.db.engine import Database, configure, current, transaction, use
from spica.db.errors import (
    ConstraintViolation,
    DatabaseBusy,
    DatabaseError,
    DiskFull,
    NotConfigured,
    ReadOnlyDatabase,
    TableMissing,
)
from spica.db.transaction import Rollback

__all__ = [
    "ConstraintViolation",
    "Database",
    "DatabaseBusy",
    "DatabaseError",
    "DiskFull",
    "NotConfigured",
    "ReadOnlyDatabase",
    "Rollback",
    "TableMissing",
    "configure",
    "current",
    "execute",
    "query",
    "transaction",
    "use",
]


async def query(sql: str, /, **values: object) -> list[dict[str, Any]]:
    """Run a statement on the default database and return its rows; see `Database.query`."""
    return await current().query(sql, **values)


async def execute(sql: str, /, **values: object) -> int:
    """Run a statement that changes rows on the default database; see `Database.execute`."""
    return await current().execute(sql, **values)
