"""A client of an application in this process, by the path that production requests take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from spica import App
from spica.server.run import running_server
from spica.testing.client import Client


@asynccontextmanager
async def open_client(app: App) -> AsyncIterator[Client]:
    """Start an application and serve it without a socket."""
    await app.startup()
    try:
        async with running_server(app, None) as server:
            yield Client(app, server)
    finally:
        await app.shutdown()
