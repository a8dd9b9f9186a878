"""Guards of routes: what they may answer."""

from __future__ import annotations

from spica import App, Context, Request, Response
from tests.serving import open_client


async def test_a_guard_that_returns_an_awaitable_lets_nobody_in() -> None:
    app = App(env="production")

    async def is_ours(request: Request) -> bool:
        return False

    @app.get("/plans", when=lambda request: is_ours(request))  # type: ignore[arg-type,return-value]  # the mistake
    def plans(ctx: Context) -> Response:
        return Response.text("secret plans")

    async with open_client(app) as client:
        answer = await client.get("/plans")
    assert answer.status == 500
    assert "secret" not in answer.text
