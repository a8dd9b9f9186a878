"""Reading columns and indexes from the database, as the data that migrations say them with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from spica.migrations.backends.sqlite.types import TYPES
from spica.migrations.columns import Column
from spica.migrations.defaults import read_default
from spica.migrations.operations import AddIndex


@contextmanager
def without_index_warnings() -> Iterator[None]:
    """Silence SQLAlchemy's warning that it leaves out indexes on expressions: whoever asks here knows it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", sa.exc.SAWarning)
        yield


def list_indexes(inspector: sa.Inspector, table: str) -> list[Any]:
    """List the indexes of a table on columns, by name; those on expressions are left out."""
    with without_index_warnings():
        named = [(index["name"], index) for index in inspector.get_indexes(table) if index["name"]]
    return [index for _, index in sorted(named, key=lambda pair: pair[0])]


def read_column(column: Any, reference: Any) -> Column:
    """Build a column from what the database reports of it and of its foreign key, None without one."""
    null = bool(column["nullable"])
    name = column["name"]
    if reference is not None and name.endswith("_id") and reference["referred_columns"] == ["id"]:
        default = read_default(column["default"], "references")
        table = reference["referred_table"]
        return Column(name, "references", null=null, default=default, table=table, on_delete=read_on_delete(reference))
    type, options = TYPES.read(column["type"])
    return Column(name, type, null=null, default=read_default(column["default"], type), **options)


def read_on_delete(reference: Any) -> str | None:
    """Say what a foreign key does to its row when the row it refers to is deleted; None when nothing is said."""
    rule = reference["options"].get("ondelete")
    return rule.lower() if rule and rule.upper() != "NO ACTION" else None


def read_index(table: str, index: Any) -> AddIndex:
    """Build the operation that makes an index as the database reports it."""
    conditions = [str(value) for key, value in index.get("dialect_options", {}).items() if key.endswith("_where")]
    columns = tuple(index["column_names"])
    return AddIndex(table, columns, index["name"], bool(index["unique"]), conditions[0] if conditions else "")
