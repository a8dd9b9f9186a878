"""AccessLog: which routes leave a line; the core writes it."""

from __future__ import annotations

import pytest

from spica import App
from spica import middleware as m
from spica.middleware.access_log import is_logged
from spica.server.run import running_server
from spica.testing.client import Client


@pytest.mark.parametrize(
    ("chain", "logged"),
    [
        ([], True),
        ([m.AccessLog()], True),
        ([m.AccessLog(False)], False),
        ([m.AccessLog(False), m.RequestId(), m.AccessLog()], True),
        ([m.AccessLog(), m.AccessLog(False)], False),
    ],
)
def test_the_last_one_of_a_chain_counts(chain: list[m.Middleware], logged: bool) -> None:
    assert is_logged(chain) is logged


async def test_routes_without_lines_leave_none(capfd: pytest.CaptureFixture[str]) -> None:
    app = App(env="test")
    app.use(m.AccessLog)
    with app.pipeline("probes"):
        app.use(m.AccessLog(False))
    with app.pipeline("loud"):
        app.use(m.AccessLog(False), m.RequestId, m.AccessLog)

    async def waits() -> str:
        return "later"

    app.get("/up", pipe="probes")(lambda: "up")
    app.get("/later", pipe="probes")(waits)
    app.get("/items/{id:int}", pipe="probes")(lambda id: str(id))
    app.get("/loud", pipe="loud")(lambda: "loud")
    app.get("/page", pipe=[])(lambda: "page")
    async with running_server(app, None, access_log="text") as server:
        client = Client(app, server)
        for path in ("/up", "/later", "/items/1", "/loud", "/page", "/nowhere"):
            await client.get(path)
    said = capfd.readouterr().out
    assert [line.split()[2] for line in said.splitlines()] == ["/loud", "/page", "/nowhere"]
