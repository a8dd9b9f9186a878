"""Reading the indexes of a table from the database."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


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
