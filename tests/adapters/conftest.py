"""What the suites of this folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from spica.db.engine import Database, use
from tests.adapters.servers import running_redis


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Redis."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database, the process' default one."""
    made = Database(f"sqlite://{tmp_path}/adapters.db")
    previous = use(made)
    try:
        yield made
    finally:
        use(previous)
        await made.close()
