"""The dump: a database's tables as db/schema.py, in the DSL of migrations, the same text for the same tables.

Tables come by name, but after those they refer to; columns in the order of the table; indexes by name.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from spica.migrations.history import TABLE
from spica.migrations.operations import AddCheck, AddForeignKey, CreateTable, Operation
from spica.migrations.reflection import list_indexes, read_column, read_index, read_on_delete
from spica.migrations.source import quote, render_operation

_HEAD = '''"""The tables of the database as of migration {version}.

Written by `spica db migrate`: change the database by a migration, not here. `spica db load` makes these tables.
"""

from spica.migrations import {imports}


class Schema(Migration):
    version = "{version}"

    def change(self, m):
'''


def render_schema(connection: sa.Connection, version: str) -> str:
    """Write the text of db/schema.py."""
    inspector = sa.inspect(connection)
    tables = order_tables(inspector, [name for name in inspector.get_table_names() if name != TABLE])
    parts = [_render_table(inspector, table) for table in tables] + [_render_rest(connection, inspector, tables)]
    blocks = ["\n".join(f"        {line}" for line in lines) for lines in parts if lines]
    imports = "Migration, Sql" if any("=Sql(" in block for block in blocks) else "Migration"
    return _HEAD.format(version=version, imports=imports) + ("\n\n".join(blocks) or "        pass") + "\n"


def order_tables(inspector: sa.Inspector, tables: list[str]) -> list[str]:
    """Order tables by name, each after those it refers to; a circle is cut at its first name."""
    ordered: list[str] = []
    visiting: set[str] = set()

    def visit(table: str) -> None:
        if table in ordered or table in visiting or table not in tables:
            return
        visiting.add(table)
        for key in sorted(inspector.get_foreign_keys(table), key=lambda key: key["referred_table"]):
            visit(key["referred_table"])
        ordered.append(table)

    for table in sorted(tables):
        visit(table)
    return ordered


def _render_table(inspector: sa.Inspector, table: str) -> list[str]:
    references = {
        key["constrained_columns"][0]: key
        for key in inspector.get_foreign_keys(table)
        if len(key["constrained_columns"]) == 1
    }
    columns = [
        read_column(column, references.get(column["name"]))
        for column in inspector.get_columns(table)
        if column["name"] != "id"
    ]
    named = {column.name for column in columns if column.type == "references"}
    operations: list[Operation] = [CreateTable(table, columns)]
    operations += [
        AddForeignKey(table, name, key["referred_table"], read_on_delete(key))
        for name, key in sorted(references.items())
        if name not in named and key["referred_columns"] == ["id"]
    ]
    checks = sorted(inspector.get_check_constraints(table), key=lambda check: (check["name"] or "", check["sqltext"]))
    operations += [
        AddCheck(table, check["sqltext"], check["name"] or f"check_{table}_{number}")
        for number, check in enumerate(checks, 1)
    ]
    operations += [read_index(table, index) for index in _plain_indexes(inspector, table)]
    return [line for operation in operations for line in render_operation(operation)]


def _plain_indexes(inspector: sa.Inspector, table: str) -> list[Any]:
    """List the indexes that the DSL can say: on columns only."""
    return [index for index in list_indexes(inspector, table) if all(index["column_names"])]


def _render_rest(connection: sa.Connection, inspector: sa.Inspector, tables: list[str]) -> list[str]:
    """Write what the DSL has no word for (views, triggers, indexes on expressions) as the SQL that made it."""
    plain = {index["name"] for table in tables for index in _plain_indexes(inspector, table)}
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL"
        " ORDER BY CASE type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, name"
    )
    return [f"m.execute({quote(sql)})" for name, sql in rows if name not in plain]
