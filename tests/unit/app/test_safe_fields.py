"""Promise 43: the safe fields are on every kind of answer, those that the core makes itself too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spica import App, Context, Event, Response
from spica import middleware as m
from tests.serving import open_client

FIELDS = (b"x-content-type-options: nosniff", b"content-security-policy: ", b"referrer-policy: ")


def application() -> App:
    app = App(env="production")
    app.use(m.ETag, m.BodyLimit(10))
    app.get("/text")(lambda: "text")
    app.get("/redirect")(lambda: Response.redirect("/text"))
    app.get("/fails")(lambda: 1 / 0)
    app.get("/stream")(lambda: Response.stream(iter(["x"])))
    app.get("/empty")(lambda: None)

    @app.sse("/events")
    async def events() -> AsyncIterator[Event]:
        yield Event("tick")

    app.post("/post")(lambda: "posted")

    @app.get("/tagged")
    def tagged(ctx: Context) -> Response:
        return ctx.html("tagged")

    @app.get("/up", vital=True)
    def up() -> dict[str, str]:
        return {"up": "yes"}

    return app


@pytest.mark.parametrize(
    ("request_line", "fields", "status"),
    [
        ("GET /text", "", 200),
        ("HEAD /text", "", 200),
        ("GET /up", "", 200),
        ("GET /empty", "", 204),
        ("GET /redirect", "", 303),
        ("GET /stream", "", 200),
        ("GET /events", "", 200),
        ("GET /events", "last-event-id: 7\r\n", 200),
        ("GET /tagged", "if-none-match: *\r\n", 304),
        ("GET /nowhere", "", 404),
        ("POST /text", "content-length: 0\r\n", 405),
        ("OPTIONS /text", "", 204),
        ("POST /post", "content-length: 11\r\n", 413),
        ("POST /post", "content-length: 99999999999\r\n", 413),
        ("GET /fails", "", 500),
        ("GET /te xt", "", 400),
        ("GET /text", "bad field\r\n", 400),
        ("GET /text", "x: " + "y" * 100_000 + "\r\n", 431),
        ("GET /" + "y" * 100_000, "", 414),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_promise_43_every_answer_has_the_safe_fields(request_line: str, fields: str, status: int) -> None:
    async with open_client(application()) as client:
        head = f"{request_line} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n{fields}\r\n".encode()
        received = await client.send_octets(head + (b"x" * 11 if "11" in fields else b""))
    lines = received.partition(b"\r\n\r\n")[0].lower()
    assert lines.startswith(b"http/1.1 %d" % status)
    for field in FIELDS:
        assert field in lines
    assert b"server:" not in lines


async def test_a_public_file_has_them(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public/page.html").write_text("<p>a file</p>")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/routes.py").write_text("def draw(r): ...\n")
    async with open_client(App(tmp_path, env="test")) as client:
        answer = await client.get("/page.html")
    assert (answer.status, answer.text) == (200, "<p>a file</p>")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"]
