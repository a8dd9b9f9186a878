"""BodyLimit: content is refused as soon as it is known to be too large."""

from __future__ import annotations

from typing import Any

import pytest

from spica import App, Request
from spica import middleware as m
from spica.errors.http import ContentTooLarge
from spica.http.streaming import ContentStream
from spica.middleware.body_limit import parse_size
from spica.middleware.errors import InvalidMiddleware
from tests.requests import make_context, make_request
from tests.serving import open_client


@pytest.mark.parametrize(
    ("text", "octets"), [(1, 1), ("10", 10), ("64 KiB", 65_536), ("10MB", 10_000_000), (" 1 gib ", 1024**3), ("5b", 5)]
)
def test_a_size_is_read(text: int | str, octets: int) -> None:
    assert parse_size(text) == octets


@pytest.mark.parametrize("text", [0, -1, "", "x", "1 parsec", "-5", "1.5 MB", True])
def test_what_is_no_size_is_a_mistake(text: Any) -> None:
    with pytest.raises(InvalidMiddleware):
        m.BodyLimit(text)


def application() -> App:
    app = App()
    app.use(m.BodyLimit(1_000), m.BodyLimit(2_000))

    @app.post("/whole")
    def whole(request: Request) -> str:
        return str(len(request.content))

    @app.post("/stream")
    async def stream(content: ContentStream) -> str:
        return str(len(await content.read()))

    return app


@pytest.mark.parametrize("path", ["/whole", "/stream"])
@pytest.mark.parametrize(("size", "status"), [(1, 200), (1_000, 200), (1_001, 413), (300_000, 413)])
async def test_the_narrower_limit_counts(path: str, size: int, status: int) -> None:
    async with open_client(application()) as client:
        response = await client.post(path, content=b"x" * size, headers={"content-type": "application/octet-stream"})
    assert response.status == status
    assert response.headers["x-content-type-options"] == "nosniff"


def test_section_15_5_14_what_is_announced_as_larger_is_refused_unread() -> None:
    ctx = make_context(make_request("POST", fields={"content-length": "1001"}))
    with pytest.raises(ContentTooLarge):
        m.BodyLimit(1_000).before(ctx)


async def test_a_stream_without_a_length_is_refused_while_it_is_read() -> None:
    async with open_client(application()) as client:
        for size, status in ((900, b"200"), (1_900, b"413")):
            chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size)
            head = b"POST /stream HTTP/1.1\r\nhost: t\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
            received = await client.send_octets(head + chunk)
            assert received.startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("path", ["/whole", "/stream"])
async def test_content_that_is_announced_as_empty_has_ended(path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    async with open_client(application()) as client:
        received = await client.send_octets(head.encode())
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"\r\n\r\n0")


@pytest.mark.parametrize(
    "content",
    [
        b"content-length: 1001\r\n\r\n",  # not one octet of it has come
        b"transfer-encoding: chunked\r\n\r\n3e9\r\n",  # nor of this one
        b"expect: 100-continue\r\ncontent-length: 1001\r\n\r\n",
    ],
)
async def test_content_that_is_read_whole_is_refused_before_it_has_come(content: bytes) -> None:
    async with open_client(application()) as client:
        received = await client.send_octets(b"POST /whole HTTP/1.1\r\nhost: t\r\n" + content)
    assert received.startswith(b"HTTP/1.1 413")
    assert b"x-content-type-options: nosniff" in received.lower()


async def test_the_limit_of_one_route_is_not_anothers() -> None:
    app = App()
    with app.pipeline("small"):
        app.use(m.BodyLimit(10))
    app.post("/small", pipe="small")(lambda: "small")
    app.post("/large", pipe=[])(lambda: "large")
    async with open_client(app) as client:
        for path, status in (("/small", 413), ("/large", 200)):
            assert (await client.post(path, content=b"x" * 11)).status == status
