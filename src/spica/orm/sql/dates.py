"""Parts of times in each database's words."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from spica.orm.sql.types import MYSQL

_STRFTIME = {
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
    "week_day": "%w",
    "year_day": "%j",
}
_POSTGRESQL = {"week_day": "dow", "year_day": "doy"}


def part_of(dialect: str, part: str, operand: Any) -> Any:
    """A part of a time as a whole number."""
    if dialect == "sqlite":
        return sa.cast(sa.func.strftime(sa.literal_column(f"'{_STRFTIME[part]}'"), operand), sa.BigInteger())
    if dialect in MYSQL:
        if part == "week_day":
            return sa.func.dayofweek(operand) - sa.literal_column("1")
        return sa.func.dayofyear(operand) if part == "year_day" else sa.extract(part, operand)
    return sa.cast(sa.func.floor(sa.extract(_POSTGRESQL.get(part, part), operand)), sa.BigInteger())
