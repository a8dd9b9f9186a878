"""What a MariaDB or MySQL database has."""

from __future__ import annotations

import re
from typing import Any

from spica.migrations.backends.mysql.types import TYPES
from spica.migrations.catalog import Catalog

_VIEWS = (
    "SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = database()"
    " ORDER BY table_name"
)
_TRIGGERS = (
    "SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_statement"
    " FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY trigger_name"
)
_STRING = re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class MysqlCatalog(Catalog):
    """The tables of one database of a MariaDB or MySQL."""

    types = TYPES

    def list_indexes(self, table: str) -> list[Any]:
        """List the indexes without those that the database made by itself for foreign keys, called as they are."""
        keys = {key["name"] for key in self.inspector.get_foreign_keys(table)}
        return [index for index in super().list_indexes(table) if index["name"] not in keys]

    def _read_condition(self, table: str, text: str) -> str:
        return super()._read_condition(table, _STRING.sub(_without_backslashes, text))

    def list_rest(self) -> list[str]:
        """List the statements that make views and triggers."""
        run = self.connection.exec_driver_sql
        own = f"`{run('SELECT database()').scalar()}`."
        views = [f"CREATE VIEW `{name}` AS {sql.replace(own, '')}" for name, sql in run(_VIEWS)]
        triggers = [
            f"CREATE TRIGGER `{name}` {timing} {event} ON `{table}` FOR EACH ROW {sql}"
            for name, timing, event, table, sql in run(_TRIGGERS)
        ]
        return views + triggers


def _without_backslashes(literal: re.Match[str]) -> str:
    """Write a text without backslashes, as standard SQL does: it's is 'it''s', and here 'it\\'s' as well."""
    content = _ESCAPE.sub(r"\1", literal[1].replace("''", "\\'"))
    return "'" + content.replace("'", "''") + "'"
