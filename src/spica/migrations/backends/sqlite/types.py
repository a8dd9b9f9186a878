"""SQLite's own types: what differs from the standard."""

from __future__ import annotations

import sqlalchemy as sa

from spica.migrations.types import STANDARD

TYPES = STANDARD.with_own(
    {
        "float": lambda column: sa.Float(),
        "uuid": lambda column: sa.CHAR(36),
        "references": lambda column: sa.Integer(),  # only an INTEGER key is the row's own number
    }
)
