"""Functions over windows of rows. SQLAlchemy binds the ends of a frame, which would be values that no query has."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from spica.orm.sql.raw import RawText


def over(function: Any, groups: list[Any], keys: list[Any], rows: tuple[int | None, int | None] | None) -> Any:
    """A function over the rows that have the groups in common, in an order, within a frame."""
    if rows is None:
        return sa.over(function, partition_by=groups or None, order_by=keys or None)
    parts, elements = ["", " OVER ("], [function]
    for word, items in (("PARTITION BY ", groups), (" ORDER BY ", keys)):
        for number, item in enumerate(items):
            parts[-1] += ", " if number else word
            parts.append("")
            elements.append(item)
    parts[-1] += f" ROWS BETWEEN {_end(rows[0], 'PRECEDING')} AND {_end(rows[1], 'FOLLOWING')})"
    return RawText(tuple(parts), elements, function.type)


def _end(rows: int | None, open_end: str) -> str:
    if rows is None:
        return f"UNBOUNDED {open_end}"
    if rows == 0:
        return "CURRENT ROW"
    return f"{-rows} PRECEDING" if rows < 0 else f"{rows} FOLLOWING"
