"""ETag: RFC 9110 sections 8.8.3 and 13.1.2."""

from __future__ import annotations

import pytest

from spica import App, Context, Response
from spica import middleware as m
from spica.middleware.etag import matches
from tests.serving import open_client


def application() -> App:
    app = App()
    app.use(m.ETag)

    @app.get("/page")
    def page(ctx: Context) -> Response:
        ctx.response.set_header("cache-control", "no-cache")
        return ctx.html("<p>page").with_header("vary", "accept")

    @app.post("/page")
    def post() -> str:
        return "posted"

    app.get("/cookie")(lambda: Response("x", fields=[("set-cookie", "a=1")]))
    app.get("/secret")(lambda: Response("x", fields=[("cache-control", "private, no-store")]))
    app.get("/own")(lambda: Response("x", fields=[("etag", '"mine"')]))
    app.get("/missing")(lambda: Response("x", status=404))
    app.get("/stream")(lambda: Response.stream(iter(["x"])))
    app.get("/empty")(lambda: Response(b""))
    return app


async def test_a_client_that_has_it_gets_304_with_what_a_200_would_say() -> None:
    async with open_client(application()) as client:
        first = await client.get("/page")
        tag = first.headers["etag"]
        assert tag.startswith('W/"')
        second = await client.get("/page", headers={"if-none-match": f'"x", {tag}'})
        head = await client.head("/page", headers={"if-none-match": tag})
        other = await client.get("/page", headers={"if-none-match": '"x"'})
    assert (second.status, second.content, head.status, other.status) == (304, b"", 304, 200)
    for name in ("etag", "cache-control", "content-security-policy", "x-content-type-options"):
        assert second.headers[name] == first.headers[name]
    assert "accept" in second.headers["vary"]
    assert "content-type" not in second.headers


@pytest.mark.parametrize("path", ["/cookie", "/secret", "/missing", "/stream", "/empty"])
async def test_what_gets_no_validator(path: str) -> None:
    async with open_client(application()) as client:
        response = await client.get(path, headers={"if-none-match": "*"})
    assert "etag" not in response.headers
    assert response.status != 304


async def test_its_own_validator_and_other_methods_are_left_alone() -> None:
    async with open_client(application()) as client:
        assert (await client.get("/own")).headers["etag"] == '"mine"'
        assert "etag" not in (await client.post("/page")).headers


@pytest.mark.parametrize(
    ("field", "matched"),
    [("*", True), ('W/"a"', True), ('"a"', True), ('"b", "a"', True), ('"ab"', False), ("a", False), ("", False)],
)
def test_the_weak_comparison(field: str, matched: bool) -> None:
    assert matches(field, 'W/"a"') is matched
