"""What the suites of this folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from spica.db.engine import Database, use
from tests.adapters.data.databases import empty, made_database, patient
from tests.adapters.servers import running_mariadb, running_postgresql, running_redis


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Redis."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database of this process on a PostgreSQL."""
    with running_postgresql() as server, made_database(server) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """A database of this process on a MariaDB."""
    with running_mariadb() as server, made_database(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of each kind."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/adapters.db"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database, the process' default one."""
    made = Database(database_url if database_url.startswith("sqlite") else patient(database_url))
    previous = use(made)
    try:
        if made.dialect != "sqlite":
            await empty(made)
        yield made
    finally:
        use(previous)
        await made.close()
