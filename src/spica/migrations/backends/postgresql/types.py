"""PostgreSQL's own types: what differs from the standard."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import JSONB

from spica.migrations.types import STANDARD

TYPES = STANDARD.with_own({"json": lambda column: JSONB()})
