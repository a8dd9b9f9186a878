"""Sessions in the application's database, in the table `spica_sessions`, which is made when it is first needed.

Rules:
- A change is one statement that merges names into what is there, so it needs no transaction of its own. Inside of one
  (a middleware that wraps the handler in it) it belongs to that: what is rolled back is the session's change too.
- What has expired is deleted now and then, by whoever makes a session.
Source: RFC 7396 for `json_patch`; values are JSON as text in it, so it never merges inside of one.
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
_SCHEMA = (
    f"create table if not exists {TABLE} (key text primary key, owner text not null, created_at integer not null,"
    " seen_at integer not null, expires_at integer not null, parts text not null)",
    f"create index if not exists {TABLE}_owner on {TABLE} (owner)",
    f"create index if not exists {TABLE}_expires_at on {TABLE} (expires_at)",
)
_COLUMNS = "key, owner, created_at, seen_at, expires_at, parts"
_FIND = f"select {_COLUMNS} from {TABLE} where key = ? and expires_at > ?"  # noqa: S608 - constants, here and below
_FIND_OF = f"select {_COLUMNS} from {TABLE} where owner = ? and expires_at > ? order by seen_at desc"  # noqa: S608
_CREATE = f"insert into {TABLE} ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)"  # noqa: S608
_CHANGE = (
    f"update {TABLE} set parts = json_patch(parts, ?), owner = ?, seen_at = max(seen_at, ?), expires_at = ?"  # noqa: S608
    " where key = ? and expires_at > ?"
)
_DELETE = f"delete from {TABLE} where key = ?"  # noqa: S608
_DELETE_OF = f"delete from {TABLE} where owner = ? and key <> ?"  # noqa: S608
_SWEEP = f"delete from {TABLE} where expires_at <= ?"  # noqa: S608


class DatabaseRecords:
    """Records in a table.

    Args:    database: None for the application's.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._table = OwnTable(database, _SCHEMA, _SWEEP)

    def bind(self, settings: Settings) -> None:
        """Nothing to take: the application opens its database when it starts."""

    async def find(self, key: str) -> Record | None:
        """The record of a key."""
        rows = await (await self._table.open()).read(_FIND, (key, int(time.time())))
        return _record_of(rows[0]) if rows else None

    async def create(self, record: Record) -> None:
        """Add a record, and now and then delete what has expired."""
        database = await self._table.open_to_add()
        await database.write(_CREATE, (*record[:5], _encode(record.parts)))

    async def change(self, key: str, change: Change) -> bool:
        """Apply a change."""
        values = (_encode(change.parts), change.owner, change.seen_at, change.expires_at, key, int(time.time()))
        written = await (await self._table.open()).write(_CHANGE, values)
        return written.rows > 0

    async def delete(self, key: str) -> bool:
        """Delete a record."""
        written = await (await self._table.open()).write(_DELETE, (key,))
        return written.rows > 0

    async def find_of(self, owner: str) -> list[Record]:
        """The records of an owner."""
        rows = await (await self._table.open()).read(_FIND_OF, (owner, int(time.time())))
        return [_record_of(row) for row in rows]

    async def delete_of(self, owner: str, keep: str = "") -> int:
        """Delete the records of an owner."""
        written = await (await self._table.open()).write(_DELETE_OF, (owner, keep))
        return written.rows


def _record_of(row: Row) -> Record:
    key, owner, created_at, seen_at, expires_at, parts = row
    return Record(key, owner, created_at, seen_at, expires_at, msgspec.json.decode(parts, type=dict[str, str]))


def _encode(parts: dict[str, str] | dict[str, str | None]) -> str:
    return msgspec.json.encode(parts).decode()
