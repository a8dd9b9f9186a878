"""Rows of a query that selects fields and expressions: named tuples."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from spica.db.driver import Row
from spica.orm.hydration import Load

Decode = Callable[[Any], Any]


def build_rows_loader(names: Sequence[str], decoders: Sequence[Decode | None]) -> Load:
    """Build the function that turns rows into named tuples.

    Args:    names: one a column, each an identifier; decoders: one a column, None where the value is used as it is.
    """
    kind = namedtuple("Row", names)  # type: ignore[misc]  # the names are known only now
    if not any(decoders):
        return lambda rows: [kind._make(row) for row in rows]

    def load(rows: Sequence[Row]) -> list[Any]:
        return [
            kind._make(
                value if decode is None or value is None else decode(value)
                for decode, value in zip(decoders, row, strict=True)
            )
            for row in rows
        ]

    return load
