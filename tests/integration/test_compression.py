"""Compression on real sockets: who gets it, when a stream's events can be read, and how it is turned off and on."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ANNOUNCED, RunningServer, serving, started

APP = """
import asyncio
from spica import App, Response
from spica import middleware as m

app = App()
PAGE = "<li>one of many</li>" * 500
gates = {}

@app.get("/text")
def text() -> str:
    return PAGE

@app.get("/json")
def rows() -> list:
    return [{"id": id, "title": "one of many"} for id in range(200)]

@app.get("/later")
async def later() -> Response:
    await asyncio.sleep(0.01)
    return Response.html(PAGE).with_header("etag", '"7"')

@app.get("/small")
def small() -> str:
    return "small"

@app.get("/never")
def never() -> Response:
    response = Response.html(PAGE)
    response.compress = False
    return response

@app.get("/always")
def always() -> Response:
    response = Response.html(PAGE)
    response.compress = True
    return response

@app.get("/broken")
def broken() -> Response:
    response = Response.html(PAGE)
    response.compress, response.fields = True, [("x a", "a name with a space")]
    return response

@app.get("/kept")
def kept() -> Response:
    return Response.html(PAGE).with_header("cache-control", "no-transform")

@app.get("/events/{name}")
def events(name: str) -> Response:
    gates[name] = asyncio.Semaphore(0)
    async def make():
        for number in range(5):
            await gates[name].acquire()
            yield f"data: {number}\\n\\n"
    return Response.stream(make(), content_type="text/event-stream")

@app.post("/events/{name}")
async def release(name: str) -> None:
    gates[name].release()

@app.get("/large-stream")
def large_stream() -> Response:
    return Response.stream((f"<p>{number}</p>" * 50 for number in range(3000)), content_type="text/html")

with app.pipeline("open"):
    app.use(m.Compression(with_credentials=True))
with app.pipeline("closed"):
    app.use(m.Compression(enabled=False))
with app.pipeline("large"):
    app.use(m.Compression(threshold=100_000))
for name in ("open", "closed", "large"):
    app.get(f"/pipe/{name}", pipe=name)(lambda: Response.html(PAGE))
app.get("/pipe/own", pipe="open")(never)
"""
PAGE = b"<li>one of many</li>" * 500
GZIP = {"accept-encoding": "gzip"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one_file")
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with serving(folder, "app:app") as running:
        yield running


def fetch(server: RunningServer, path: str, method: str = "GET", /, **fields: str) -> tuple[str | None, bytes]:
    """What came back: the coding, and the content out of it."""
    response, content = exchange(server, path, method, {**GZIP, **fields})
    coding = response.getheader("content-encoding")
    assert response.getheader("content-length") in (str(len(content)), None)
    return coding, zlib.decompress(content, 31) if coding == "gzip" else content


def exchange(
    server: RunningServer, path: str, method: str = "GET", fields: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in (fields or {}).items()}
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_values_and_responses_are_encoded(server: RunningServer) -> None:
    assert fetch(server, "/text") == ("gzip", PAGE)
    assert fetch(server, "/later") == ("gzip", PAGE)
    coding, content = fetch(server, "/json")
    assert (coding, len(json.loads(content))) == ("gzip", 200)
    assert fetch(server, "/small") == (None, b"small")
    assert fetch(server, "/kept") == (None, PAGE)
    assert fetch(server, "/text", accept_encoding="identity") == (None, PAGE)


def test_fields_of_an_encoded_response(server: RunningServer) -> None:
    encoded, _ = exchange(server, "/later", fields=GZIP)
    plain, content = exchange(server, "/later")
    assert (encoded.getheader("vary"), encoded.getheader("etag")) == ("accept-encoding", 'W/"7"')
    assert (plain.getheader("vary"), plain.getheader("etag"), content) == ("accept-encoding", '"7"', PAGE)
    head, nothing = exchange(server, "/later", "HEAD", GZIP)
    assert (head.getheader("content-length"), nothing) == (encoded.getheader("content-length"), b"")
    assert head.getheader("content-encoding") == "gzip"
    # The fields that make browsers careful are on encoded answers as well.
    assert encoded.getheader("x-content-type-options") == "nosniff"


def test_breach_credentials_need_a_request_that_no_other_site_can_cause(server: RunningServer) -> None:
    secret = {"cookie": "session=x"}
    for path in ("/text", "/later", "/json"):
        assert fetch(server, path, **secret)[0] is None
        assert fetch(server, path, authorization="Bearer x")[0] is None
        assert fetch(server, path, **secret, sec_fetch_site="cross-site")[0] is None
        assert fetch(server, path, **secret, sec_fetch_site="same-site")[0] is None
        assert fetch(server, path, **secret, sec_fetch_site="same-origin")[0] == "gzip"
        assert fetch(server, path, **secret, sec_fetch_site="none")[0] == "gzip"


def test_a_response_has_the_last_word(server: RunningServer) -> None:
    assert fetch(server, "/never") == (None, PAGE)
    assert fetch(server, "/always", cookie="session=x") == ("gzip", PAGE)
    assert fetch(server, "/always", accept_encoding="identity") == (None, PAGE)
    # What a response that could not be sent had said does not count for the error that takes its place.
    response, _ = exchange(server, "/broken", fields={**GZIP, "cookie": "session=x", "accept": "text/html"})
    assert (response.status, response.getheader("content-encoding")) == (500, None)


def test_the_middleware_narrows_and_widens(server: RunningServer) -> None:
    assert fetch(server, "/pipe/open", cookie="session=x") == ("gzip", PAGE)
    assert fetch(server, "/pipe/closed") == (None, PAGE)
    assert fetch(server, "/pipe/large") == (None, PAGE)
    assert fetch(server, "/pipe/own") == (None, PAGE)


def test_each_event_of_a_stream_can_be_read_when_it_is_made(server: RunningServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/events/one", headers=GZIP)
    decoder, seen = zlib.decompressobj(31), b""
    exchange(server, "/events/one", "POST", {"content-length": "0"})
    response = connection.getresponse()
    assert (response.getheader("content-encoding"), response.getheader("transfer-encoding")) == ("gzip", "chunked")
    for number in range(5):
        while not seen.endswith(f"data: {number}\n\n".encode()):
            part = response.read1()
            assert part, "the stream ended before its event was whole"
            seen += decoder.decompress(part)
        if number < 4:
            exchange(server, "/events/one", "POST", {"content-length": "0"})
    assert seen == b"".join(b"data: %d\n\n" % number for number in range(5))
    assert decoder.decompress(response.read()) == b""
    assert decoder.eof
    connection.close()


def test_a_large_stream_is_the_same_in_its_coding(server: RunningServer) -> None:
    plain = fetch(server, "/large-stream", accept_encoding="identity")
    assert plain[0] is None
    assert len(plain[1]) > 1_500_000
    assert fetch(server, "/large-stream") == ("gzip", plain[1])


def test_what_the_configuration_says(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(folder, root)
    (root / "app.py").write_text(APP.replace("App()", "App(root='.')"))
    (root / "config").mkdir()
    (root / "config/routes.py").write_text("def draw(r): pass\n")
    settings = root / "config/server.toml"
    for text, coding in [
        ("enabled = false", None),
        ("gzip = false", "br"),
        ("threshold_bytes = 20_000", None),
        ('types = ["image/svg+xml"]', None),
        ('types = ["text/*"]\nbrotli = false', "gzip"),
    ]:
        settings.write_text(f"[server.compression]\n{text}\n")
        with serving(root, "app:app") as server:
            response, _ = exchange(server, "/text", fields={"accept-encoding": "gzip, br"})
            assert response.getheader("content-encoding") == coding, text


def test_another_server_compresses_by_itself(folder: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
    with started(command, folder, ANNOUNCED) as server:
        response, content = exchange(server, "/always", fields=GZIP)
        assert (response.getheader("content-encoding"), response.getheader("vary"), content) == (None, None, PAGE)
