"""The own types of MariaDB and MySQL: what differs from the standard.

- A string without a limit has 255 characters: these databases know no other than limited ones.
- text and binary are the long kinds, float is double, times have their fraction: as much as other databases hold.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from spica.migrations.types import STANDARD, named

STRING_LIMIT = 255
_JSON_COLLATION = "utf8mb4_bin"  # MariaDB's json is a longtext of this collation


def _read_string(type: Any) -> tuple[str, dict[str, Any]]:
    return "string", {"limit": type.length} if type.length not in (None, STRING_LIMIT) else {}


TYPES = STANDARD.with_own(
    {
        "string": lambda column: sa.String(column.limit or STRING_LIMIT),
        "text": lambda column: mysql.LONGTEXT(),
        "float": lambda column: mysql.DOUBLE(),
        "datetime": lambda column: mysql.DATETIME(fsp=6),
        "time": lambda column: mysql.TIME(fsp=6),
        "binary": lambda column: sa.VARBINARY(column.limit) if column.limit else mysql.LONGBLOB(),
        "uuid": lambda column: sa.CHAR(36),
    },
    (
        (mysql.LONGTEXT, lambda type: ("json", {}) if type.collation == _JSON_COLLATION else ("text", {})),
        (mysql.MEDIUMTEXT, named("text")),
        (mysql.TINYTEXT, named("text")),
        (mysql.TINYINT, lambda type: ("boolean", {}) if type.display_width == 1 else ("integer", {})),
        (mysql.DOUBLE, named("float")),
        (sa.VARBINARY, lambda type: ("binary", {"limit": type.length})),
        (sa.VARCHAR, _read_string),
    ),
)
