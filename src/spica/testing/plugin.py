"""The pytest plugin: fixtures `app`, `client` and `db` for a Spica project, and async tests without marks.

Rules:
- Nothing happens in a folder that is no Spica project, because the plugin is loaded wherever Spica is installed.
- The environment is "test", whatever the shell says: tests must never reach a development or production database.
- With an in-memory database every test gets its own, with the tables that the migrations make.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

PROJECT_FILE = "config/app.toml"


def is_project(folder: Path) -> bool:
    """Tell whether a folder is the root of a Spica project."""
    return (folder / PROJECT_FILE).is_file()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the test environment before anything of the project is imported."""
    if not is_project(config.rootpath):
        return
    os.environ["SPICA_ENV"] = "test"
    if str(config.rootpath) not in sys.path:
        sys.path.insert(0, str(config.rootpath))
    if config.pluginmanager.hasplugin("asyncio") and config.getoption("asyncio_mode", None) is None:
        config.option.asyncio_mode = "auto"


@pytest.fixture
async def app(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The project's application, started; its in-memory database has all tables."""
    # Here and not above: the plugin is loaded by every pytest run, also those that have nothing to do with Spica.
    from spica.server.target import load_app
    from spica.testing.schema import create_tables

    app = load_app(None, request.config.rootpath)
    await app.startup()
    try:
        await create_tables(app)
        yield app
    finally:
        await app.shutdown()


@pytest.fixture
async def client(app: Any) -> AsyncIterator[Any]:
    """A client of the application; requests take the path that production requests take."""
    from spica.server.run import running_server
    from spica.testing.client import Client

    async with running_server(app, None) as server:
        yield Client(app, server)


@pytest.fixture
def db(app: Any) -> Any:
    """The application's database."""
    from spica.db import engine

    return engine.current()
