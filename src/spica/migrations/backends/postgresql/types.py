"""PostgreSQL's own types: what differs from the standard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB

from spica.migrations.columns import Column
from spica.migrations.types import STANDARD, named


def _build_array(column: Column) -> sa.types.TypeEngine[Any]:
    return sa.ARRAY(TYPES.build(replace(column, type=column.of or "string")))


def _read_array(type: Any) -> tuple[str, dict[str, Any]]:
    return "array", {"of": TYPES.read(type.item_type)[0]}


TYPES = STANDARD.with_own(
    {"json": lambda column: JSONB(), "interval": lambda column: INTERVAL(), "array": _build_array},
    ((INTERVAL, named("interval")), (sa.ARRAY, _read_array)),
)
