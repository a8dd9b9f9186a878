"""Timeout: what waits too long is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from spica import App
from spica import middleware as m
from spica.middleware.errors import InvalidMiddleware
from tests.serving import open_client


def application(log: list[str], *, status: int = 503) -> App:
    app = App(env="production")
    app.use(m.Timeout(0.02, status=status))

    @app.get("/slow")
    async def slow() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        return "never"

    @app.get("/own")
    async def own() -> str:
        raise TimeoutError("of the handler's own")

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    @app.get("/plain")
    def plain() -> str:
        return "plain"

    return app


@pytest.mark.parametrize("status", [503, 504])
async def test_a_handler_that_waits_too_long_is_cancelled(status: int) -> None:
    log: list[str] = []
    async with open_client(application(log, status=status)) as client:
        response = await client.get("/slow")
    assert (response.status, log) == (status, ["cancelled"])


async def test_everything_else_is_as_before() -> None:
    async with open_client(application([])) as client:
        assert [(await client.get(path)).text for path in ("/quick", "/plain")] == ["quick", "plain"]
        assert (await client.get("/own")).status == 500


@pytest.mark.parametrize(("seconds", "status"), [(0, 503), (-1, 503), (float("nan"), 503), (1, 500)])
def test_mistakes_are_told_at_boot(seconds: float, status: int) -> None:
    with pytest.raises(InvalidMiddleware):
        m.Timeout(seconds, status=status)
