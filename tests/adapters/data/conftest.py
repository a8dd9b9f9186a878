"""The data suites run on every database: what they are given."""

from __future__ import annotations

import pytest

from spica.db.engine import Database
from tests.adapters.data.databases import create_tables


@pytest.fixture
async def tables(database: Database) -> Database:
    """The database with the tables of tests.adapters.data.databases."""
    await create_tables(database)
    return database
