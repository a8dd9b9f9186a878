"""The catalog: what a database has, in the words of the DSL.

Rules of this file:
- The same tables give the same words on every database: what a database adds by itself is left out.
- A catalog is one look. After a change a new one is made.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from spica.migrations.columns import Column
from spica.migrations.conditions import normal_condition
from spica.migrations.defaults import read_default
from spica.migrations.history import OWN_TABLES
from spica.migrations.operations import AddCheck, AddIndex
from spica.migrations.types import STANDARD, Types

_CAST_BY_DATABASE = ("string", "integer", "bigint", "references", "float")


@contextmanager
def without_index_warnings() -> Iterator[None]:
    """Silence SQLAlchemy's warning that it leaves out indexes on expressions: whoever asks here knows it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", sa.exc.SAWarning)
        yield


class Catalog:
    """The tables of one database, by SQLAlchemy's inspector. Each database has a class of its own."""

    types: Types = STANDARD

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.inspector = sa.inspect(connection)

    def list_tables(self) -> list[str]:
        """List the tables by name, without those of the migrations themselves."""
        return sorted(name for name in self.inspector.get_table_names() if name not in OWN_TABLES)

    def order_tables(self) -> list[str]:
        """List the tables by name, each after those it refers to; a circle is cut at its first name."""
        tables = self.list_tables()
        ordered: list[str] = []
        visiting: set[str] = set()

        def visit(table: str) -> None:
            if table in ordered or table in visiting or table not in tables:
                return
            visiting.add(table)
            for key in sorted(self.inspector.get_foreign_keys(table), key=lambda key: key["referred_table"]):
                visit(key["referred_table"])
            ordered.append(table)

        for table in tables:
            visit(table)
        return ordered

    def list_references(self, table: str) -> dict[str, Any]:
        """List the foreign keys of one column, by the column, as the inspector gives them."""
        return {
            key["constrained_columns"][0]: key
            for key in self.inspector.get_foreign_keys(table)
            if len(key["constrained_columns"]) == 1
        }

    def read_columns(self, table: str, *, plain: Collection[str] = ()) -> list[Column]:
        """Read the columns of a table, in its order; those of `plain` by their type even where they are references."""
        references = self.list_references(table)
        columns = [
            self._with_generated(
                table,
                column,
                self.read_column(column, None if column["name"] in plain else references.get(column["name"])),
            )
            for column in self.inspector.get_columns(table)
        ]
        keys = self.inspector.get_pk_constraint(table)["constrained_columns"]
        if keys == ["id"] and any(column.name == "id" and column.type in ("integer", "bigint") for column in columns):
            return columns
        return [
            replace(column, key=True, null=False, default=None) if column.name in keys else column for column in columns
        ]

    def _with_generated(self, table: str, column: Any, read: Column) -> Column:
        """Add what the inspector says of a generated column."""
        computed = column.get("computed")
        if computed is None:
            return read
        text = self._read_condition(table, computed["sqltext"])
        return replace(read, default=None, generated=text, stored=computed.get("persisted", True))

    def read_column(self, column: Any, reference: Any) -> Column:
        """Build a column from what the inspector reports of it and of its foreign key, None without one."""
        null = bool(column["nullable"])
        name = column["name"]
        type, options = self.types.read(column["type"])
        if reference is not None and name.endswith("_id"):
            (refers_to,) = reference["referred_columns"]
            is_number = type in ("integer", "bigint")
            return Column(
                name,
                "references",
                null=null,
                default=self.read_default(column["default"], "references" if is_number else type),
                table=reference["referred_table"],
                on_delete=read_on_delete(reference),
                key_type=None if is_number else type,
                refers_to=None if refers_to == "id" else refers_to,
                limit=options.get("limit"),
            )
        return Column(name, type, null=null, default=self.read_default(column["default"], type), **options)

    def list_indexes(self, table: str) -> list[Any]:
        """List the indexes of a table, by name, as the inspector gives them; those on expressions are left out."""
        with without_index_warnings():
            named = [(index["name"], index) for index in self.inspector.get_indexes(table) if index["name"]]
        return [index for _, index in sorted(named, key=lambda pair: pair[0]) if all(index["column_names"])]

    def read_indexes(self, table: str) -> list[AddIndex]:
        """Read the indexes of a table that the DSL can say, by name."""
        return [self._read_index(table, index) for index in self.list_indexes(table)]

    def read_checks(self, table: str) -> list[AddCheck]:
        """Read the conditions that the rows of a table must meet, by name."""
        checks = sorted(
            self.inspector.get_check_constraints(table), key=lambda check: (check["name"] or "", check["sqltext"])
        )
        return [
            AddCheck(table, self._read_condition(table, check["sqltext"]), check["name"] or f"check_{table}_{number}")
            for number, check in enumerate(checks, 1)
        ]

    def read_default(self, text: str | None, type: str) -> Any:
        """Build a column's default from its SQL; `type` is the DSL's."""
        return read_default(text, type)

    def list_rest(self) -> list[str]:
        """List the statements that make what the DSL has no word for: views, triggers, indexes on expressions."""
        return []

    def _read_index(self, table: str, index: Any) -> AddIndex:
        conditions = [str(value) for key, value in index.get("dialect_options", {}).items() if key.endswith("_where")]
        condition = self._read_condition(table, conditions[0]) if conditions else ""
        return AddIndex(table, tuple(index["column_names"]), index["name"], bool(index["unique"]), condition)

    def _read_condition(self, table: str, text: str) -> str:
        return normal_condition(
            text,
            [
                column["name"]
                for column in self.inspector.get_columns(table)
                if self.types.read(column["type"])[0] in _CAST_BY_DATABASE
            ],
        )


def read_on_delete(reference: Any) -> str | None:
    """Say what a foreign key does to its row when the row it refers to is deleted; None when nothing is said."""
    rule = reference["options"].get("ondelete")
    # MariaDB reports RESTRICT where nothing is said; both refuse the deletion
    return rule.lower() if rule and rule.upper() != "NO ACTION" else None
