"""Values as another type, in each database's words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from spica.orm.sql.raw import RawText
from spica.orm.sql.types import MYSQL, TYPES

_MYSQL: dict[type, Any] = {Decimal: sa.Numeric(65, 20), datetime: mysql.DATETIME(fsp=6)}


def cast_to(dialect: str, kind: type, operand: Any) -> Any:
    """A value as another type. SQLite has none for times: they are text of one form there."""
    if dialect == "sqlite" and kind is date:
        return sa.func.date(operand)
    if dialect == "sqlite" and kind is datetime:
        return sa.func.strftime(sa.literal_column("'%Y-%m-%d %H:%M:%f000'"), operand)
    if dialect in MYSQL:
        if kind is float:
            return RawText(("CAST(", " AS DOUBLE)"), [operand], sa.Float)  # SQLAlchemy leaves the cast out
        if kind is bool:
            return operand != sa.literal_column("0")
        return sa.cast(operand, _MYSQL.get(kind, TYPES[kind]))
    return sa.cast(operand, TYPES[kind])
