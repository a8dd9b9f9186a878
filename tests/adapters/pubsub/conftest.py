"""What the suites of this folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.adapters.pubsub.machines import Application, application
from tests.adapters.pubsub.proxy import Proxy
from tests.adapters.pubsub.servers import BrokerServer, running_server


@pytest.fixture(scope="session")
def server_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], BrokerServer]]:
    """Gives the server of a kind, which is started when a test asks for it first."""
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(running_server(kind, tmp_path_factory.mktemp(kind))))


@pytest.fixture(params=["redis", "postgresql", "nats"])
def server(request: pytest.FixtureRequest, server_of: Callable[[str], BrokerServer]) -> BrokerServer:
    """A server of each kind."""
    return server_of(request.param)


@pytest.fixture
async def proxy(server: BrokerServer) -> AsyncIterator[Proxy]:
    """A network between brokers and the server."""
    async with Proxy(server.port) as between:
        yield between


@pytest.fixture
async def app(server: BrokerServer, tmp_path: Path) -> AsyncIterator[Application]:
    """An application whose machines are started by the test; its broker is the server."""
    async with application(server, tmp_path) as made:
        yield made
