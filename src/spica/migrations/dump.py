"""The dump: a database's tables as db/schema.py, in the DSL of migrations, the same text for the same tables.

Tables come by name, but after those they refer to; columns in the order of the table; indexes by name.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from spica import inflection
from spica.migrations.history import TABLE
from spica.migrations.operations import index_name
from spica.migrations.reflection import list_indexes

_HEAD = '''"""The tables of the database as of migration {version}.

Written by `spica db migrate`: change the database by a migration, not here. `spica db load` makes these tables.
"""

from spica.migrations import Migration


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
    return _HEAD.format(version=version) + ("\n\n".join(blocks) or "        pass") + "\n"


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
    lines = [f"with m.create_table({_quoted(table)}) as t:"]
    for column in inspector.get_columns(table):
        if column["name"] != "id":
            lines.append(f"    {_render_column(column, references.get(column['name']))}")
    if len(lines) == 1:
        lines = [f"m.create_table({_quoted(table)})"]
    return lines + [_render_index(table, index) for index in _plain_indexes(inspector, table)]


def _plain_indexes(inspector: sa.Inspector, table: str) -> list[Any]:
    """List the indexes that the DSL can say: on columns, of all rows."""
    indexes = list_indexes(inspector, table)
    return [index for index in indexes if not index.get("dialect_options", {}).get("sqlite_where")]


def _render_rest(connection: sa.Connection, inspector: sa.Inspector, tables: list[str]) -> list[str]:
    """Write what the DSL has no word for (views, triggers, indexes on expressions) as the SQL that made it."""
    plain = {index["name"] for table in tables for index in _plain_indexes(inspector, table)}
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL"
        " ORDER BY CASE type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, name"
    )
    return [f"m.execute({_quoted(sql)})" for name, sql in rows if name not in plain]


def _render_column(column: Any, reference: Any) -> str:
    name = column["name"]
    if reference is not None and name.endswith("_id") and reference["referred_columns"] == ["id"]:
        name = name.removesuffix("_id")
        options = ["index=False"]  # its index is written below the table, like every other
        if reference["referred_table"] != inflection.plural(name):
            options.append(f"table={_quoted(reference['referred_table'])}")
        if on_delete := reference["options"].get("ondelete"):
            options.append(f"on_delete={_quoted(on_delete.lower())}")
        method = "references"
    else:
        method, options = _type_of(column["type"])
    if not column["nullable"]:
        options.append("null=False")
    if column["default"] is not None:
        options.append(f"default={_default(column['default'], method)}")
    return f"t.{method}({', '.join([_quoted(name), *options])})"


def _type_of(type: sa.types.TypeEngine[Any]) -> tuple[str, list[str]]:
    """Find the DSL's name of a type that the database reports."""
    match type:
        case sa.CHAR(length=36) | sa.Uuid():
            return "uuid", []
        case sa.Text():
            return "text", []
        case sa.String():
            return "string", [f"limit={type.length}"] if type.length else []
        case sa.Boolean():
            return "boolean", []
        case sa.BigInteger():
            return "bigint", []
        case sa.Integer():
            return "integer", []
        case sa.Float():
            return "float", []
        case sa.Numeric():
            digits = [("precision", type.precision), ("scale", type.scale)]
            return "decimal", [f"{name}={number}" for name, number in digits if number is not None]
        case sa.DateTime():
            return "datetime", []
        case sa.Date():
            return "date", []
        case sa.JSON():
            return "json", []
    return "binary", []


def _default(text: str, method: str) -> str:
    """Write the default of a column, given as SQL, as Python."""
    if method == "boolean":
        return "True" if text.strip("'").lower() in ("1", "true") else "False"
    if text.startswith("'") and text.endswith("'"):
        return _quoted(text[1:-1].replace("''", "'"))
    return text


def _render_index(table: str, index: Any) -> str:
    columns = tuple(name for name in index["column_names"] if name)
    options = [_quoted(table), f"[{', '.join(map(_quoted, columns))}]"]
    if index["unique"]:
        options.append("unique=True")
    if index["name"] != index_name(table, columns):
        options.append(f"name={_quoted(index['name'])}")
    return f"m.add_index({', '.join(options)})"


def _quoted(text: str) -> str:
    """Write text as a Python literal in double quotes, on one line."""
    escaped = text.encode("unicode_escape").decode() if not text.isprintable() else text.replace("\\", "\\\\")
    return '"' + escaped.replace('"', '\\"') + '"'
