"""LoadShed: no more than so many at once, whatever becomes of them."""

from __future__ import annotations

import asyncio

import pytest

from spica import App
from spica import middleware as m
from spica.middleware.errors import InvalidMiddleware
from tests.serving import open_client


async def test_what_is_too_much_is_told_to_come_again_and_vital_routes_go_on() -> None:
    app, shed = App(env="production"), m.LoadShed(2, retry_after_s=7)
    app.use(shed)
    inside: asyncio.Queue[None] = asyncio.Queue()
    go_on = asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        inside.put_nowait(None)
        await go_on.wait()
        return "done"

    @app.get("/fails")
    async def fails() -> str:
        raise ZeroDivisionError

    @app.get("/up", vital=True)
    async def up() -> str:
        return "up"

    async with open_client(app) as client:
        for _ in range(5):
            assert (await client.get("/fails")).status == 500
        running = [asyncio.ensure_future(client.get("/slow")._send()) for _ in range(2)]
        for _ in running:
            await inside.get()
        assert shed.in_flight == 2
        refused = await client.get("/slow")
        assert (refused.status, refused.headers["retry-after"]) == (503, "7")
        assert (await client.get("/up")).text == "up"
        go_on.set()
        assert [(await one).text for one in running] == ["done", "done"]
        assert shed.in_flight == 0
        assert (await client.get("/slow")).text == "done"


async def test_a_request_that_is_cancelled_is_not_counted_any_more() -> None:
    shed, started = m.LoadShed(1), asyncio.Event()

    async def wait(ctx: object) -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(shed.around(None, wait))  # type: ignore[arg-type]
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert shed.in_flight == 0


@pytest.mark.parametrize(("limit", "retry"), [(0, 1), (-1, 1), (1, -1)])
def test_mistakes_are_told_at_boot(limit: int, retry: int) -> None:
    with pytest.raises(InvalidMiddleware):
        m.LoadShed(limit, retry_after_s=retry)
