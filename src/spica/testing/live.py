"""The application on a real socket, and clients of it: `--spica-live`, or `@pytest.mark.live` on a test."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from spica.app.application import App
from spica.server.run import running_server
from spica.testing.client import Client, SessionOf, user_id_of


@contextlib.asynccontextmanager
async def running_client(app: App, *, live: bool = False, session_of: SessionOf = user_id_of) -> AsyncIterator[Client]:
    """Serve a started application on the running loop and give a client of it.

    Args:    live: over TCP, on loopback and a port of the kernel's choice, instead of in memory; session_of: what the
             session holds of a user who is signed in.
    Example:
        app = App()
        async with running_client(app) as client:
            (await client.get("/")).expect_status(404)
    """
    if not live:
        async with running_server(app, None) as server:
            yield Client(app, server, session_of=session_of)
        return
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    address: tuple[str, int] = listener.getsockname()
    async with running_server(app, listener) as server:
        yield Client(app, server, address=address, session_of=session_of)
