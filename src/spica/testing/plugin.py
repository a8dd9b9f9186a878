"""The pytest plugin: the fixtures of a Spica project, and async tests without marks.

Rules:
- Nothing happens in a folder that is no Spica project, because the plugin is loaded wherever Spica is installed.
- The environment is "test", whatever the shell says: tests must never reach a development or production database.
- Every test has a database of its own, or one that is rolled back; see `databases.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT_FILE = "config/app.toml"


def is_project(folder: Path) -> bool:
    """Tell whether a folder is the root of a Spica project."""
    return (folder / PROJECT_FILE).is_file()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --spica-live."""
    group = parser.getgroup("spica")
    group.addoption("--spica-live", action="store_true", help="clients speak to the application over a real socket")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the test environment before anything of the project is imported."""
    config.addinivalue_line("markers", "live: clients of this test speak to the application over a real socket")
    if not is_project(config.rootpath):
        return
    os.environ["SPICA_ENV"] = "test"
    if str(config.rootpath) not in sys.path:
        sys.path.insert(0, str(config.rootpath))
    if config.pluginmanager.hasplugin("asyncio") and config.getoption("asyncio_mode", None) is None:
        config.option.asyncio_mode = "auto"


@pytest.fixture
async def app(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The project's application, started, with a database that has all tables and no rows."""
    # Here and not above: the plugin is loaded by every pytest run, also those that have nothing to do with Spica.
    from spica.server.target import load_app
    from spica.testing.databases import started

    async with started(load_app(None, request.config.rootpath)) as app:
        yield app


@pytest.fixture
def session_of() -> Callable[[Any], dict[str, Any]]:
    """What the session holds of a user who is signed in: {"user_id": user.id}; a project may define its own."""
    from spica.testing.client import user_id_of

    return user_id_of


@pytest.fixture
async def client(app: Any, request: pytest.FixtureRequest, session_of: Any) -> AsyncIterator[Any]:
    """A client of the application; requests take the path that production requests take."""
    from spica.testing.live import running_client

    live = request.config.getoption("spica_live") or request.node.get_closest_marker("live") is not None
    async with running_client(app, live=live, session_of=session_of) as client:
        yield client


@pytest.fixture
def db(app: Any) -> Any:
    """The application's database."""
    from spica.db import engine

    return engine.current()


@pytest.fixture
def clock() -> Iterator[Any]:
    """Freezes and moves time; after the test it is real again."""
    from spica.testing.clock import Clock

    clock = Clock()
    try:
        yield clock
    finally:
        clock.unfreeze()


@pytest.fixture
async def mock_server() -> AsyncIterator[Any]:
    """A server for outgoing requests, which answers as the test says; see `MockServer`."""
    from spica.testing.mock_server import running_mock_server

    async with running_mock_server() as server:
        yield server


@pytest.fixture
def override(app: Any) -> Iterator[Callable[[Any, Any], Any]]:
    """`override(get_gateway, FakeGateway)`: another provider stands in for one until the test is over."""
    standing_in = []

    def override(function: Any, replacement: Any) -> Any:
        standing_in.append(app.override(function, replacement))
        return replacement

    yield override
    for one in reversed(standing_in):
        one.undo()
