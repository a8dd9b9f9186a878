"""A Spica server with the application under test, for all suites of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import RunningServer, serving

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    with serving(FOLDER, "application:app", "--quiet", SPICA_ENV="production") as running:
        yield running


@pytest.fixture(scope="session")
def port(server: RunningServer) -> int:
    return server.port
