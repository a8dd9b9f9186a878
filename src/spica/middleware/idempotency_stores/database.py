"""Keys and responses in the application's database, in the table `spica_idempotency_keys`, made when first needed."""

from __future__ import annotations

import time

from spica.config.settings import Settings
from spica.db.engine import Database
from spica.middleware.idempotency_store import Entry
from spica.middleware.own_table import OwnTable

TABLE = "spica_idempotency_keys"
_SCHEMA = (
    f"create table if not exists {TABLE} (key text primary key, fingerprint text not null, owner text not null,"
    " response blob, expires_at integer not null)",
    f"create index if not exists {TABLE}_expires_at on {TABLE} (expires_at)",
)
# Taken when it is new or over, and in one statement: of two requests at the same time one has it.
_BEGIN = (
    f"insert into {TABLE} (key, fingerprint, owner, response, expires_at) values (?, ?, ?, null, ?)"  # noqa: S608 - constants, here and below
    " on conflict (key) do update set fingerprint = excluded.fingerprint, owner = excluded.owner,"
    f" response = null, expires_at = excluded.expires_at where {TABLE}.expires_at <= ?"
)
_FIND = f"select fingerprint, response from {TABLE} where key = ?"  # noqa: S608
_FINISH = f"update {TABLE} set response = ?, expires_at = ? where key = ? and owner = ? and response is null"  # noqa: S608
_RELEASE = f"delete from {TABLE} where key = ? and owner = ? and response is null"  # noqa: S608
_SWEEP = f"delete from {TABLE} where expires_at <= ?"  # noqa: S608


class DatabaseKeys:
    """Keys in a table. Args: database: None for the application's."""

    def __init__(self, database: Database | None = None) -> None:
        self._table = OwnTable(database, _SCHEMA, _SWEEP)

    def bind(self, settings: Settings) -> None:
        """Nothing to take: the application opens its database when it starts."""

    async def begin(self, key: str, fingerprint: str, owner: str, held_s: int) -> Entry | None:
        """Take a key, and now and then forget what is over."""
        database, now = await self._table.open_to_add(), int(time.time())
        written = await database.write(_BEGIN, (key, fingerprint, owner, now + held_s, now))
        if written.rows > 0:
            return None
        rows = await database.read(_FIND, (key,))
        # Given back in between: the client is told to try again.
        return Entry(*rows[0]) if rows else Entry(fingerprint, None)

    async def finish(self, key: str, owner: str, response: bytes, kept_s: int) -> None:
        """Keep a response."""
        await (await self._table.open()).write(_FINISH, (response, int(time.time()) + kept_s, key, owner))

    async def release(self, key: str, owner: str) -> None:
        """Give a key back."""
        await (await self._table.open()).write(_RELEASE, (key, owner))
