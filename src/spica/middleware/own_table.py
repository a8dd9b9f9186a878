"""OwnTable: a table that middleware keeps something in, made in the application's database when it is first needed.

Rules:
- It is made once a database, where it is missing. On SQLite inside a transaction that is not remembered: what is rolled
  back takes the table along. On a server it is made by a connection of its own, because MariaDB commits a transaction
  before it makes a table; an advisory lock keeps two processes from making it at once.
- Statements have `:name` for values, and `{key}` and the like for what differs from one database to the next: WORDS.
- What is over is deleted now and then, by whoever adds a row.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

from spica.db.driver import Row
from spica.db.engine import Database, current
from spica.db.transaction import active_transaction

SWEEP_S = 600

# key: the column `key`; name: a text that is compared octet by octet, on MariaDB of at most 255 characters.
WORDS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {"key": "key", "name": "text", "text": "text", "octets": "blob", "integer": "integer", "greater": "max"},
    "postgresql": {
        "key": "key",
        "name": "text",
        "text": "text",
        "octets": "bytea",
        "integer": "bigint",
        "greater": "greatest",
    },
    "mysql": {
        "key": "`key`",
        "name": "varchar(255) character set utf8mb4 collate utf8mb4_bin",
        "text": "longtext",
        "octets": "longblob",
        "integer": "bigint",
        "greater": "greatest",
    },
}

Statement = str | Mapping[str, str]  # one text, or one a database where they differ in more than words


class OwnTable:
    """A table and its indexes.

    Args:    database: None for the application's; name: the table's; columns: their definitions, as in `create table`,
             by the words of WORDS; indexes: the columns that have one; sweep: the statement that deletes what is over
             at a time, `:now`, in seconds since 1970.
    """

    def __init__(
        self, database: Database | None, name: str, columns: Sequence[str], indexes: Sequence[str], sweep: str
    ) -> None:
        self._database = database
        self._name = name
        self._columns = columns
        self._indexes = indexes
        self._sweep = sweep
        self._texts: WeakKeyDictionary[Database, dict[str, str]] = WeakKeyDictionary()
        self._swept_at = float("-inf")

    async def read(self, sql: Statement, **values: object) -> list[Row]:
        """Read rows."""
        database, texts = await self._open()
        return await database.read(_text(database, texts, sql), values)

    async def write(self, sql: Statement, **values: object) -> int:
        """Change rows. Returns how many."""
        database, texts = await self._open()
        return (await database.write(_text(database, texts, sql), values)).rows

    async def add(self, sql: Statement, **values: object) -> int:
        """Add a row, after what is over was deleted if that is ten minutes ago. Returns how many rows were changed."""
        now = time.monotonic()
        if now - self._swept_at > SWEEP_S:
            self._swept_at = now
            await self.write(self._sweep, now=int(time.time()))
        return await self.write(sql, **values)

    async def _open(self) -> tuple[Database, dict[str, str]]:
        database = self._database or current()
        texts = self._texts.get(database)
        if texts is None:
            texts = {}
            if database.dialect == "sqlite":
                for statement in self._schema("sqlite"):
                    await database.write(statement, ())
            else:
                await self._make_apart(database)
            if database.dialect != "sqlite" or active_transaction(database) is None:
                self._texts[database] = texts
        return database, texts

    async def _make_apart(self, database: Database) -> None:
        apart = Database(database.url)
        try:
            async with apart.advisory_lock(f"the table {self._name}"):
                for statement in self._schema(database.dialect):
                    await apart.write(statement, ())
        finally:
            await apart.close()

    def _schema(self, dialect: str) -> list[str]:
        indexes = [f"{self._name}_{column}" for column in self._indexes]
        columns = [column.format_map(WORDS[dialect]) for column in self._columns]
        if dialect == "mysql":  # which has no `create index if not exists`
            columns += [f"index {index} ({column})" for index, column in zip(indexes, self._indexes, strict=True)]
            indexes = []
        return [
            f"create table if not exists {self._name} ({', '.join(columns)})",
            *(
                f"create index if not exists {index} on {self._name} ({column})"
                for index, column in zip(indexes, self._indexes, strict=False)
            ),
        ]


def _text(database: Database, texts: dict[str, str], statement: Statement) -> str:
    sql = statement if isinstance(statement, str) else statement[database.dialect]
    text = texts.get(sql)
    if text is None:
        text = texts[sql] = sql.format_map(WORDS[database.dialect])
    return text
