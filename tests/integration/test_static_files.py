"""Files over real sockets, under our server and under uvicorn: public ones, and those that a handler sends."""

from __future__ import annotations

import email.utils
import http.client
import os
import random
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import ANNOUNCED, RunningServer, serving, started

APP = """
from pathlib import Path
from spica import App, Response

app = App(root=Path(__file__).parent)
FILES = Path(__file__).parent / "files"

@app.get("/report")
def report() -> Response:
    response = Response.file(FILES / "large.bin", filename="report é.txt")
    response.set_header("cache-control", "private")
    return response

@app.get("/gone")
def gone() -> Response:
    response = Response.file(FILES / "page.html")
    response.status = 404
    return response

@app.post("/made", pipe=[])
def made() -> Response:
    return Response.file(FILES / "page.html")

@app.get("/encoded")
def encoded() -> Response:
    return Response.file(FILES / "page.html").with_header("content-encoding", "gzip")

@app.get("/special/{name}")
def special(name: str) -> Response:
    return Response.file({"fifo": FILES / "fifo", "folder": FILES, "device": "/dev/zero", "none": FILES / "none"}[name])

@app.get("/route.txt")
def route() -> str:
    return "the route"

@app.post("/form.txt")
def form() -> str:
    return "the form"
"""
LARGE = bytes(random.Random(7).randbytes(2_000_000))
TIME = 1_700_000_000
DATE = email.utils.formatdate(TIME, usegmt=True)
LATER = email.utils.formatdate(TIME + 5, usegmt=True)
EARLIER = email.utils.formatdate(TIME - 5, usegmt=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    texts = {
        "public/small.txt": "0123456789",
        "public/a b.txt": "a space",
        "public/docs/index.html": "<h1>docs</h1>",
        "public/app-0a1b2c3d4e5f.js": "let x;",
        "public/route.txt": "the file",
        "public/form.txt": "the file",
        "public/.env": "secret",
        "public/.well-known/security.txt": "mail us",
        "public/app.css": "a {}",
        "public/app.css.gz": "encoded",
        "secret.txt": "secret",
        "public-sibling/x.txt": "secret",
        "files/page.html": "<p>page</p>",
    }
    for name, text in {**texts, "app.py": APP, "config/routes.py": "def draw(r): pass\n"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for large in (root / "public/large.bin", root / "files/large.bin"):
        large.write_bytes(LARGE)
        os.utime(large, (TIME, TIME))
    (root / "public/link.txt").symlink_to(root / "secret.txt")
    (root / "public/linked").symlink_to(root)
    (root / "public/inside.txt").symlink_to("small.txt")
    os.mkfifo(root / "public/fifo")
    os.mkfifo(root / "files/fifo")
    return root


@pytest.fixture(params=["spica", "uvicorn"], scope="module")
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[RunningServer]:
    if request.param == "spica":
        with serving(folder, "app:app") as running:
            yield running
    else:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
        with started(command, folder, ANNOUNCED) as running:
            yield running


@dataclass
class Answer:
    status: int
    fields: http.client.HTTPMessage
    content: bytes

    def __getitem__(self, name: str) -> str | None:
        values = self.fields.get_all(name)
        assert values is None or len(values) == 1, f"{name} is there twice"
        return values[0] if values else None


def fetch(server: RunningServer, path: str, method: str = "GET", /, **fields: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


def test_a_public_file_with_its_fields(server: RunningServer) -> None:
    answer = fetch(server, "/small.txt")
    assert (answer.status, answer.content, answer["content-length"]) == (200, b"0123456789", "10")
    assert answer["content-type"] == "text/plain; charset=utf-8"
    assert (answer["cache-control"], answer["accept-ranges"], answer["vary"]) == (
        "no-cache",
        "bytes",
        "accept-encoding",
    )
    assert fetch(server, "/a%20b.txt").content == b"a space"
    assert fetch(server, "/docs/").content == b"<h1>docs</h1>"
    assert fetch(server, "/inside.txt").content == b"0123456789"
    assert fetch(server, "/.well-known/security.txt").content == b"mail us"
    assert fetch(server, "/app-0a1b2c3d4e5f.js")["cache-control"] == "public, max-age=31536000, immutable"
    assert fetch(server, "/large.bin?v=7").content == LARGE


def test_head_says_what_get_says(server: RunningServer) -> None:
    for path in ("/small.txt", "/large.bin", "/report"):
        get, head = fetch(server, path), fetch(server, path, "HEAD")
        assert head.content == b""
        for answer in (get, head):
            del answer.fields["date"], answer.fields["x-request-id"]
        assert (head.status, sorted(head.fields.items())) == (get.status, sorted(get.fields.items())), path


def test_routes_come_first(server: RunningServer) -> None:
    assert fetch(server, "/route.txt").content == b"the route"
    assert fetch(server, "/form.txt").status == 405
    assert fetch(server, "/small.txt", "POST").status == 404
    assert fetch(server, "/small.txt", "OPTIONS").status in (204, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/none.txt", "/docs", "/css/", "/../secret.txt", "/docs/../../secret.txt", "/%2e%2e/secret.txt",
        "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/..%5csecret.txt", "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/../public-sibling/x.txt", "/./small.txt", "/%2e/small.txt", "//small.txt", "/docs//index.html", "/.env",
        "/%2eenv",
        "/link.txt", "/linked/secret.txt", "/linked/", "/small.txt%00", "/small.txt%00.html", "/small.txt%0a",
        "/small.txt/", "/c:/secret.txt", "/file:%2f%2f/etc/passwd", "/%c0%ae%c0%ae/secret.txt", "/%2", "/%zz",
        "/fifo", "/small.txt;x", "/" + "x" * 300, "/" + "x/" * 2000, "/../../../../../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/proc/self/environ", "/small.txt%20", "/SMALL.TXT",
    ],
)  # fmt: skip
def test_promise_44_nothing_else_is_public(server: RunningServer, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    assert int(answer[9:12]) in (400, 404, 414, 431)
    for secret in (b"secret\r\n", b"\r\n\r\nsecret", b"root:", b"0123456789"):
        assert secret not in answer


def test_promise_43_safe_fields_are_on_files_too(server: RunningServer) -> None:
    # A project without config/middleware.py has none; the default ones are those of the core's fields.
    plain = fetch(server, "/route.txt")
    safe = [name for name in plain.fields if name.startswith(("x-content", "x-frame", "referrer", "permissions"))]
    for answer in (fetch(server, "/small.txt"), fetch(server, "/small.txt", if_none_match="*")):
        assert all(answer[name] == plain[name] for name in safe)


def test_rfc9110_13_conditions(server: RunningServer) -> None:
    for path in ("/large.bin", "/report"):
        etag = fetch(server, path, "HEAD")["etag"]
        assert etag is not None
        assert re.fullmatch(r'"[^"]+"', etag)
        assert fetch(server, path, "HEAD")["last-modified"] == DATE
        table: list[tuple[dict[str, str], int]] = [
            ({"if_none_match": etag}, 304),
            ({"if_none_match": f'"other", W/{etag}'}, 304),
            ({"if_none_match": "*"}, 304),
            ({"if_none_match": '"other"'}, 200),
            ({"if_modified_since": DATE}, 304),
            ({"if_modified_since": LATER}, 304),
            ({"if_modified_since": EARLIER}, 200),
            ({"if_modified_since": "yesterday"}, 200),
            ({"if_none_match": '"other"', "if_modified_since": DATE}, 200),
            ({"if_match": etag}, 200),
            ({"if_match": "*"}, 200),
            ({"if_match": '"other"'}, 412),
            ({"if_match": f"W/{etag}"}, 412),
            ({"if_unmodified_since": EARLIER}, 412),
            ({"if_unmodified_since": DATE}, 200),
            ({"if_match": etag, "if_unmodified_since": EARLIER}, 200),
            ({"if_match": etag, "if_none_match": etag}, 304),
            ({"if_none_match": etag, "range": "bytes=0-1"}, 304),
            ({"range": "bytes=0-1", "if_range": etag}, 206),
            ({"range": "bytes=0-1", "if_range": f"W/{etag}"}, 200),
            ({"range": "bytes=0-1", "if_range": DATE}, 206),
            ({"range": "bytes=0-1", "if_range": LATER}, 200),
        ]
        for fields, status in table:
            answer = fetch(server, path, **fields)
            assert answer.status == status, (path, fields)
            if status == 304:
                assert (answer["etag"], answer.content, answer["content-length"]) == (etag, b"", None)
                assert answer["content-type"] is None


def test_rfc9110_14_ranges_against_a_naive_model(server: RunningServer) -> None:
    chooser = random.Random(11)  # a seed, so that a failure comes again
    size = len(LARGE)
    for _ in range(60):
        path = chooser.choice(["/large.bin", "/report"])
        first, last = chooser.randrange(size + 100), chooser.randrange(size + 100)
        field, (start, end) = chooser.choice(
            [(f"{first}-{last}", (first, last + 1)), (f"{first}-", (first, size)), (f"-{last}", (size - last, size))]
        )
        answer = fetch(server, path, range=f"bytes={field}")
        if not field.startswith("-") and last < first and not field.endswith("-"):
            assert (answer.status, len(answer.content)) == (200, size), field  # no range, so no range is meant
            continue
        start, end = max(start, 0), min(end, size)
        if start >= size or start >= end:
            assert (answer.status, answer["content-range"]) == (416, f"bytes */{size}"), field
            continue
        assert (answer.status, answer["content-range"]) == (206, f"bytes {start}-{end - 1}/{size}"), field
        assert answer.content == LARGE[start:end]


def test_rfc9110_14_6_several_ranges(server: RunningServer) -> None:
    for path in ("/large.bin", "/report"):
        answer = fetch(server, path, range="bytes=0-9, 500000-699999, -5")
        media_type = answer["content-type"] or ""
        boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", media_type)
        assert boundary is not None
        assert answer["content-length"] == str(len(answer.content))
        parts = answer.content.split(f"--{boundary[1]}".encode())[1:-1]
        found = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts]
        assert found == [LARGE[:10], LARGE[500_000:700_000], LARGE[-5:]]
    many = "bytes=" + ",".join(f"{start}-{start}" for start in range(0, 200_000, 1000))
    assert fetch(server, "/large.bin", range=many).status == 200


def test_a_handlers_file_keeps_what_the_handler_says(server: RunningServer) -> None:
    for fields in ({}, {"range": "bytes=5-9"}):
        answer = fetch(server, "/report", **fields)
        assert (answer["cache-control"], answer["content-type"]) == ("private", "text/plain; charset=utf-8")
        assert (answer["content-disposition"] or "").endswith("filename*=UTF-8''report%20%C3%A9.txt")
    for fields in ({"if_none_match": "*"}, {"if_match": '"x"'}, {"range": "bytes=9999999-"}):
        answer = fetch(server, "/report", **fields)
        assert (answer["cache-control"], answer["content-disposition"]) == ("private", None)


def test_conditions_are_for_answers_that_would_be_200(server: RunningServer) -> None:
    gone = fetch(server, "/gone", if_none_match="*", range="bytes=0-1")
    assert (gone.status, gone.content, gone["etag"]) == (404, b"<p>page</p>", None)
    made = fetch(server, "/made", "POST", if_none_match="*", range="bytes=0-1", content_length="0")
    assert (made.status, made.content) == (200, b"<p>page</p>")
    encoded = fetch(server, "/encoded", range="bytes=0-1")
    assert (encoded.status, encoded.content, encoded["content-encoding"]) == (200, b"<p>page</p>", "gzip")


def test_what_is_no_regular_file_is_an_error_and_nobody_waits(server: RunningServer) -> None:
    for name in ("fifo", "folder", "device", "none"):
        assert fetch(server, f"/special/{name}").status == 500, name
    assert fetch(server, "/small.txt").status == 200


def test_encoded_siblings(server: RunningServer) -> None:
    encoded = fetch(server, "/app.css", accept_encoding="gzip, br")
    assert (encoded.content, encoded["content-encoding"], encoded["vary"]) == (b"encoded", "gzip", "accept-encoding")
    plain = fetch(server, "/app.css")
    assert (plain.content, plain["content-encoding"], plain["vary"]) == (b"a {}", None, "accept-encoding")
    assert plain["etag"] != encoded["etag"]


def test_a_change_is_seen_at_once(server: RunningServer, folder: Path) -> None:
    path = folder / "public/changing.txt"
    try:
        path.write_text("one")
        before = fetch(server, "/changing.txt")
        path.write_text("other")
        after = fetch(server, "/changing.txt", if_none_match=before["etag"] or "")
        assert (before.content, after.status, after.content) == (b"one", 200, b"other")
        path.unlink()
        assert fetch(server, "/changing.txt").status == 404
    finally:
        path.unlink(missing_ok=True)


def test_production_lets_browsers_keep_files(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(folder, root, ignore=shutil.ignore_patterns("fifo", "linked"), symlinks=True)
    (root / "config/app.toml").write_text('[app]\nsecret_key = "a production secret key, 32 or more"\n')
    with serving(root, "app:app", SPICA_ENV="production") as server:
        assert fetch(server, "/small.txt")["cache-control"] == "public, max-age=86400"
