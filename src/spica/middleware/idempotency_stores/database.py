"""Keys and responses in the application's database, in the table `spica_idempotency_keys`, made when first needed."""

from __future__ import annotations

import time

from spica.config.settings import Settings
from spica.db.engine import Database
from spica.middleware.idempotency_store import Entry
from spica.middleware.own_table import OwnTable

TABLE = "spica_idempotency_keys"
_COLUMNS = (
    "{key} {name} not null primary key",
    "fingerprint {text} not null",
    "owner {text} not null",
    "response {octets}",
    "expires_at {integer} not null",
)
# Taken when it is new or over, and in one statement: of two requests at the same time one has it.
_NEW = (
    f"insert into {TABLE} ({{key}}, fingerprint, owner, response, expires_at)"  # noqa: S608 - constants, here and below
    " values (:key, :fingerprint, :owner, null, :expires_at)"
)
_TAKEN_OVER = (
    f"{_NEW} on conflict (key) do update set fingerprint = excluded.fingerprint, owner = excluded.owner,"
    f" response = null, expires_at = excluded.expires_at where {TABLE}.expires_at <= :now"
)
_BEGIN = {
    "sqlite": _TAKEN_OVER,
    "postgresql": _TAKEN_OVER,
    # What is set last is what the conditions before it look at.
    "mysql": f"{_NEW} on duplicate key update fingerprint = if(expires_at <= :now, values(fingerprint), fingerprint),"
    " owner = if(expires_at <= :now, values(owner), owner), response = if(expires_at <= :now, null, response),"
    " expires_at = if(expires_at <= :now, values(expires_at), expires_at)",
}
_FIND = f"select fingerprint, response from {TABLE} where {{key}} = :key"  # noqa: S608
_MINE = "{key} = :key and owner = :owner and response is null"
_FINISH = f"update {TABLE} set response = :response, expires_at = :expires_at where {_MINE}"  # noqa: S608
_RELEASE = f"delete from {TABLE} where {_MINE}"  # noqa: S608
_SWEEP = f"delete from {TABLE} where expires_at <= :now"  # noqa: S608


class DatabaseKeys:
    """Keys in a table. Args: database: None for the application's."""

    def __init__(self, database: Database | None = None) -> None:
        self._table = OwnTable(database, TABLE, _COLUMNS, ("expires_at",), _SWEEP)

    def bind(self, settings: Settings) -> None:
        """Nothing to take: the application opens its database when it starts."""

    async def begin(self, key: str, fingerprint: str, owner: str, held_s: int) -> Entry | None:
        """Take a key, and now and then forget what is over."""
        now = int(time.time())
        taken = await self._table.add(
            _BEGIN, key=key, fingerprint=fingerprint, owner=owner, expires_at=now + held_s, now=now
        )
        if taken > 0:
            return None
        rows = await self._table.read(_FIND, key=key)
        # Given back in between: the client is told to try again.
        return Entry(*rows[0]) if rows else Entry(fingerprint, None)

    async def finish(self, key: str, owner: str, response: bytes, kept_s: int) -> None:
        """Keep a response."""
        expires_at = int(time.time()) + kept_s
        await self._table.write(_FINISH, response=response, expires_at=expires_at, key=key, owner=owner)

    async def release(self, key: str, owner: str) -> None:
        """Give a key back."""
        await self._table.write(_RELEASE, key=key, owner=owner)
