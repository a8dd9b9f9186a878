"""OwnTable: a table that middleware keeps something in, made in the application's database when it is first needed.

Rules: it is made once a database, by `create ... if not exists`. Inside a transaction that is not remembered: what is
rolled back takes the table along. What is over is deleted now and then, by whoever adds a row.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from weakref import WeakSet

from spica.db.engine import Database, current
from spica.db.transaction import active_transaction

SWEEP_S = 600


class OwnTable:
    """A table and its indexes.

    Args:    database: None for the application's; schema: statements that make it where it is missing; sweep: one that
             deletes what is over at a time, its only value, in seconds since 1970.
    """

    def __init__(self, database: Database | None, schema: Sequence[str], sweep: str) -> None:
        self._database = database
        self._schema = schema
        self._sweep = sweep
        self._prepared: WeakSet[Database] = WeakSet()
        self._swept_at = float("-inf")

    async def open(self) -> Database:
        """The database, with the table in it."""
        database = self._database or current()
        if database not in self._prepared:
            for statement in self._schema:
                await database.write(statement, ())
            if active_transaction(database) is None:
                self._prepared.add(database)
        return database

    async def open_to_add(self) -> Database:
        """What `open` gives, after what is over was deleted if that is ten minutes ago."""
        database, now = await self.open(), time.monotonic()
        if now - self._swept_at > SWEEP_S:
            self._swept_at = now
            await database.write(self._sweep, (int(time.time()),))
        return database
