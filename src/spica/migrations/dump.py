"""The dump: a database's tables as db/schema.py, in the DSL of migrations, the same text for the same tables.

Tables come by name, but after those they refer to; columns in the order of the table; indexes by name.
"""

from __future__ import annotations

from spica.migrations.catalog import Catalog, read_on_delete
from spica.migrations.operations import AddForeignKey, CreateTable, Operation
from spica.migrations.source import quote, render_operation

_HEAD = '''"""The tables of the database as of migration {version}.

Written by `spica db migrate`: change the database by a migration, not here. `spica db load` makes these tables.
"""

from spica.migrations import {imports}


class Schema(Migration):
    version = "{version}"

    def change(self, m):
'''


def render_schema(catalog: Catalog, version: str) -> str:
    """Write the text of db/schema.py."""
    parts = [_render_table(catalog, table) for table in catalog.order_tables()]
    parts.append([f"m.execute({quote(sql)})" for sql in catalog.list_rest()])
    blocks = ["\n".join(f"        {line}" for line in lines) for lines in parts if lines]
    imports = "Migration, Sql" if any("=Sql(" in block for block in blocks) else "Migration"
    return _HEAD.format(version=version, imports=imports) + ("\n\n".join(blocks) or "        pass") + "\n"


def _render_table(catalog: Catalog, table: str) -> list[str]:
    columns = [column for column in catalog.read_columns(table) if column.name != "id" or column.key]
    named = {column.name for column in columns if column.type == "references"}
    operations: list[Operation] = [CreateTable(table, columns)]
    operations += [
        AddForeignKey(table, name, key["referred_table"], read_on_delete(key))
        for name, key in sorted(catalog.list_references(table).items())
        if name not in named and key["referred_columns"] == ["id"]
    ]
    operations += catalog.read_checks(table)
    operations += catalog.read_indexes(table)
    return [line for operation in operations for line in render_operation(operation)]
