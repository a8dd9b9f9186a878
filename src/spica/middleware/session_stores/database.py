"""Sessions in the application's database, in the table `spica_sessions`, which is made when it is first needed.

Rules:
- A change is one statement that merges names into what is there, so it needs no transaction of its own. Inside of one
  (a middleware that wraps the handler in it) it belongs to that: what is rolled back is the session's change too.
- What has expired is deleted now and then, by whoever makes a session.
Source: RFC 7396 for merging; values are JSON as text in it, so it never merges inside of one.
"""

from __future__ import annotations

import time

import msgspec

from spica.config.settings import Settings
from spica.db.driver import Row
from spica.db.engine import Database
from spica.middleware.own_table import OwnTable
from spica.middleware.session_store import Change, Record

TABLE = "spica_sessions"
_DEFINITIONS = (
    "{key} {name} not null primary key",
    "owner {name} not null",
    "created_at {integer} not null",
    "seen_at {integer} not null",
    "expires_at {integer} not null",
    "parts {text} not null",
)
_COLUMNS = "{key}, owner, created_at, seen_at, expires_at, parts"
_FIND = f"select {_COLUMNS} from {TABLE} where {{key}} = :key and expires_at > :now"  # noqa: S608 - constants, here and below
_FIND_OF = f"select {_COLUMNS} from {TABLE} where owner = :owner and expires_at > :now order by seen_at desc"  # noqa: S608
_CREATE = f"insert into {TABLE} ({_COLUMNS}) values (:key, :owner, :created_at, :seen_at, :expires_at, :parts)"  # noqa: S608
_MERGED = {
    "sqlite": "json_patch(parts, :parts)",
    "postgresql": "cast(jsonb_strip_nulls(cast(parts as jsonb) || cast(:parts as jsonb)) as text)",
    "mysql": "json_merge_patch(parts, :parts)",
}
_CHANGE = {
    dialect: f"update {TABLE} set parts = {merged}, owner = :owner, seen_at = {{greater}}(seen_at, :seen_at),"  # noqa: S608
    " expires_at = :expires_at where {key} = :key and expires_at > :now"
    for dialect, merged in _MERGED.items()
}
_DELETE = f"delete from {TABLE} where {{key}} = :key"  # noqa: S608
_DELETE_OF = f"delete from {TABLE} where owner = :owner and {{key}} <> :keep"  # noqa: S608
_SWEEP = f"delete from {TABLE} where expires_at <= :now"  # noqa: S608


class DatabaseRecords:
    """Records in a table.

    Args:    database: None for the application's.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._table = OwnTable(database, TABLE, _DEFINITIONS, ("owner", "expires_at"), _SWEEP)

    def bind(self, settings: Settings) -> None:
        """Nothing to take: the application opens its database when it starts."""

    async def find(self, key: str) -> Record | None:
        """The record of a key."""
        rows = await self._table.read(_FIND, key=key, now=int(time.time()))
        return _record_of(rows[0]) if rows else None

    async def create(self, record: Record) -> None:
        """Add a record, and now and then delete what has expired."""
        await self._table.add(_CREATE, **{**record._asdict(), "parts": _encode(record.parts)})

    async def change(self, key: str, change: Change) -> bool:
        """Apply a change."""
        values = {**change._asdict(), "parts": _encode(change.parts)}
        return await self._table.write(_CHANGE, key=key, now=int(time.time()), **values) > 0

    async def delete(self, key: str) -> bool:
        """Delete a record."""
        return await self._table.write(_DELETE, key=key) > 0

    async def find_of(self, owner: str) -> list[Record]:
        """The records of an owner."""
        rows = await self._table.read(_FIND_OF, owner=owner, now=int(time.time()))
        return [_record_of(row) for row in rows]

    async def delete_of(self, owner: str, keep: str = "") -> int:
        """Delete the records of an owner."""
        return await self._table.write(_DELETE_OF, owner=owner, keep=keep)


def _record_of(row: Row) -> Record:
    key, owner, created_at, seen_at, expires_at, parts = row
    return Record(key, owner, created_at, seen_at, expires_at, msgspec.json.decode(parts, type=dict[str, str]))


def _encode(parts: dict[str, str] | dict[str, str | None]) -> str:
    return msgspec.json.encode(parts).decode()
