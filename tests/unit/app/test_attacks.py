"""Promises 40 and 42 attacked from the wire: whole applications, octets as a hostile client or page has them sent.

Every application here counts what changed or gives away a secret when it is beaten; a test lists the tricks and holds
that none of them worked, and that none of them is a 500 either: a trick that confuses is half a way in.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import pytest

from spica import App, Context, Form, Response, WebSocket
from spica import middleware as m
from spica.orm import Model
from spica.testing.client import Client
from tests.serving import open_client

KEY = "a secret of enough characters 0123456789"
CHANGES: list[str] = []


class AttackedPost(Model, table="attacked_posts"):
    title: str = ""
    admin: bool = False


def guarded() -> App:
    """What a browser's pipeline protects: forms, other methods by _method, JSON, whatever the content's type."""
    app = App(env="production", secret_key=KEY, url="http://shop.example")
    app.use(m.Session, m.Csrf)

    def change(ctx: Context) -> str:
        CHANGES.append(ctx.request.method)
        return "changed"

    app.post("/things")(change)
    app.put("/things/{id:int}")(lambda id: CHANGES.append("put") or "changed")
    app.patch("/things/{id:int}")(lambda id: CHANGES.append("patch") or "changed")
    app.delete("/things/{id:int}")(lambda id: CHANGES.append("delete") or "changed")

    @app.get("/things/{id:int}")
    def show(id: int) -> str:
        return "a page"

    @app.post("/json")
    async def take_json(body: dict) -> str:
        CHANGES.append("json")
        return "changed"

    @app.ws("/live")
    async def live(socket: WebSocket) -> None:
        CHANGES.append("socket")

    return app


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    CHANGES.clear()
    async with open_client(guarded()) as client:
        client.sign_in(user_id=7)
        await client.get("/things/1")
        yield client


def cookies(client: Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def post(
    client: Client, path: str = "/things", content: bytes = b"", *fields: str, method: str = "POST"
) -> tuple[int, bytes]:
    """Send what a page of another site had the visitor's browser send: with the visitor's cookies."""
    head = [
        f"{method} {path} HTTP/1.1",
        "host: shop.example",
        "connection: close",
        f"cookie: {cookies(client)}",
        f"content-length: {len(content)}",
        *fields,
    ]
    received = await client.send_octets("\r\n".join(head).encode() + b"\r\n\r\n" + content)
    return int(received[9:12]), received


FORM = "content-type: application/x-www-form-urlencoded"
CROSS = "sec-fetch-site: cross-site"
EVIL = "origin: https://evil.example"
OWN = "origin: http://shop.example"


async def test_the_guard_lets_our_own_page_through(client: Client) -> None:
    """Otherwise the tests below would prove nothing."""
    token = await client.csrf_token()
    status, _ = await post(
        client, "/things", b"_csrf_token=" + quote(token).encode(), FORM, "sec-fetch-site: same-origin"
    )
    assert (status, CHANGES) == (200, ["POST"])


@pytest.mark.parametrize(
    "fields",
    [
        (CROSS, EVIL),
        (CROSS, OWN),
        (CROSS,),
        (EVIL,),
        ("origin: null",),
        ("origin:",),
        ("origin: http://shop.example@evil.example",),
        ("origin: http://shop.example.evil.example",),
        ("origin: http://shop.example:8080",),
        ("origin: http://evil.example#shop.example",),
        (OWN, EVIL),
        (EVIL, OWN),
        ("sec-fetch-site: same-origin", CROSS),
        (CROSS, "sec-fetch-site: same-origin"),
        ("sec-fetch-site: same-origin, cross-site",),
        ("sec-fetch-site: SAME-ORIGIN",),
        ("sec-fetch-site: same-site", OWN),
        ("sec-fetch-site:", OWN),
        ("sec-fetch-site: same-origin", "origin: https://evil.example"),
        (),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("kind", ["none", "invalid", "in the query", "as the cookie"])
async def test_promise_40_no_page_of_another_site_changes_anything(
    client: Client, fields: tuple[str, ...], kind: str
) -> None:
    """Without a token, or with one that a page of another site could have. What it can't send is the visitor's own."""
    session = next(iter(client.cookies.values()))
    token = {"none": "", "invalid": "A" * 86, "in the query": "", "as the cookie": session}[kind]
    path = f"/things?_csrf_token={quote(await client.csrf_token())}" if kind == "in the query" else "/things"
    content = b"title=x" + (b"&_csrf_token=" + quote(token).encode() if token else b"")
    status, _ = await post(client, path, content, FORM, *fields)
    assert (status, CHANGES) == (403, [])


PART = '--B\r\ncontent-disposition: form-data; name="{}"{}\r\n\r\n{}\r\n--B--\r\n'


@pytest.mark.parametrize(
    ("path", "content", "fields", "method"),
    [
        ("/things/1", b"_method=delete", (FORM,), "POST"),
        ("/things/1", b"_method=DELETE", (FORM,), "POST"),
        ("/things/1?_method=delete", b"", (FORM,), "POST"),
        ("/things/1?_method=delete", b"", (), "GET"),
        ("/things/1", b"", ("x-http-method-override: DELETE",), "POST"),
        ("/things/1", b"", ("x-http-method-override: DELETE",), "GET"),
        ("/things/1", b"_method[]=delete", (FORM,), "POST"),
        ("/things/1", b"_method[a]=delete", (FORM,), "POST"),
        (
            "/things/1",
            PART.format("_method", "", "delete").encode(),
            ("content-type: multipart/form-data; boundary=B",),
            "POST",
        ),
        (
            "/things/1",
            PART.format("_method", "\r\ncontent-type: application/json", '"delete"').encode(),
            ("content-type: multipart/form-data; boundary=B",),
            "POST",
        ),
        (
            "/things/1",
            PART.format("_method", "\r\ncontent-type: application/json", '{"a": 1}').encode(),
            ("content-type: multipart/form-data; boundary=B",),
            "POST",
        ),
        (
            "/things",
            PART.format("_csrf_token", "\r\ncontent-type: application/json", '{"a": 1}').encode(),
            ("content-type: multipart/form-data; boundary=B",),
            "POST",
        ),
        (
            "/things",
            PART.format("_csrf_token", "\r\ncontent-type: application/json", "[]").encode(),
            ("content-type: multipart/form-data; boundary=B",),
            "POST",
        ),
        (
            "/things",
            PART.format("_csrf_token", '; filename="a"', "x").encode(),
            ("content-type: multipart/form-data; boundary=B",),
            "POST",
        ),
        ("/things", b"_csrf_token[]=a", (FORM,), "POST"),
        ("/things", b"_csrf_token[a]=b", (FORM,), "POST"),
        ("/json", b'{"a": 1}', ("content-type: text/plain",), "POST"),
        ("/json", b'{"a": 1}', ("content-type: application/json",), "POST"),
        ("/json", b'{"_csrf_token": {}}', ("content-type: application/json",), "POST"),
        ("/json", b'{"a": 1}', (), "POST"),
        ("/things", b"", (), "POST"),
        ("/things/1", b"", (), "PUT"),
        ("/things/1", b"", (), "PATCH"),
        ("/things/1", b"", (), "DELETE"),
    ],
)
async def test_promise_40_no_way_around_by_methods_or_types(
    client: Client, path: str, content: bytes, fields: tuple[str, ...], method: str
) -> None:
    for source in ((CROSS, EVIL), (EVIL,), ()):
        status, _ = await post(client, path, content, *fields, *source, method=method)
        assert CHANGES == []
        assert status in ((200,) if method == "GET" else (400, 403, 404, 405)), status


async def test_promise_40_cookies_of_an_attacker_make_no_token_valid(client: Client) -> None:
    """A page below a sibling host can set cookies: the attacker's own session with its token, before or after ours."""
    attacker = client.new()
    await attacker.get("/things/1")
    token = await attacker.csrf_token()
    theirs, ours = cookies(attacker), cookies(client)
    content = b"_csrf_token=" + quote(token).encode()
    for both in (f"{ours}; {theirs}",):
        head = f"POST /things HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\ncookie: {both}\r\n{FORM}\r\n"
        received = await client.send_octets(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        assert (received[9:12], CHANGES) == (b"403", [])


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://shop.example.evil.example", "http://shop.example:1"]
)
async def test_promise_40_no_websocket_for_another_sites_page(client: Client, origin: str) -> None:
    head = (
        "GET /live HTTP/1.1\r\nhost: shop.example\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n"
        f"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\norigin: {origin}\r\n"
    )
    received = await client.send_octets(f"{head}cookie: {cookies(client)}\r\n\r\n".encode())
    assert (received[9:12], CHANGES) == (b"403", [])


# Promise 42: paths

NAMES = [
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%5csecret.txt",
    "..\\secret.txt",
    "....//secret.txt",
    "a/../../secret.txt",
    "a/%2e%2e/%2e%2e/secret.txt",
    "%252e%252e%252fsecret.txt",
    "/secret.txt",
    "//secret.txt",
    "%2fsecret.txt",
    "..;/secret.txt",
    "..%00/secret.txt",
    "open.txt%00.png",
    "%c0%ae%c0%ae/secret.txt",
    "link/secret.txt",
    "linked.txt",
    "../files-secret/secret.txt",
    "..%2ffiles-secret/secret.txt",
    "./../secret.txt",
    ".%2e/secret.txt",
    "%2e./secret.txt",
    "a/b/../../../secret.txt",
    "..%c0%afsecret.txt",
    "..%u2215secret.txt",
    "file:///secret.txt",
    "C:/secret.txt",
    "~/secret.txt",
    "..%ef%bc%8fsecret.txt",
    ".hidden",
    "folder",
    "folder/",
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a file that may be seen; around it, and linked from it, what may not."""
    root = tmp_path / "project" / "files"
    for name in ("files", "files-secret", "files/a/b", "files/folder"):
        (tmp_path / "project" / name).mkdir(parents=True, exist_ok=True)
    (root / "open.txt").write_text("open")
    (root / ".hidden").write_text("THE SECRET")
    for secret in (
        tmp_path / "secret.txt",
        tmp_path / "project/secret.txt",
        tmp_path / "project/files-secret/secret.txt",
    ):
        secret.write_text("THE SECRET")
    os.symlink(tmp_path / "project", root / "link")
    os.symlink(tmp_path / "secret.txt", root / "linked.txt")
    return root


async def test_promise_42_no_path_leads_out_of_a_folder(files: Path) -> None:
    """By a route with the rest of the path, by a parameter, by the query, and as a public file."""
    project = files.parent
    os.rename(files, project / "public")
    os.symlink(project / "public", project / "files")
    (project / "config").mkdir()
    (project / "config/routes.py").write_text("def draw(r): ...\n")
    app = App(project, env="test")

    @app.get("/send/{*path}")
    def send(path: str, ctx: Context) -> Response:
        return ctx.send_file(path, root=project / "public")

    @app.get("/query")
    def by_query(name: str, ctx: Context) -> Response:
        return ctx.send_file(name, root=project / "public")

    async with open_client(app) as client:
        for path in ("/send/open.txt", "/query?name=open.txt", "/open.txt"):
            (await client.get(path)).expect_text("open")
        for name in NAMES:
            for path in (f"/send/{name}", f"/query?name={name}", f"/{name}"):
                received = await client.send_octets(
                    f"GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n".encode()
                )
                is_own_dotfile = name == ".hidden" and path != f"/{name}"  # inside of the folder that the handler names
                assert is_own_dotfile or b"THE SECRET" not in received, path
                assert int(received[9:12]) in ((200, 404) if is_own_dotfile else (400, 404)), (path, received[:40])


# Promise 42: redirects

TARGETS = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "http://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x01//evil.example",
    "/%09/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//evil%2eexample",
    "http://t@evil.example",
    "http://t:80@evil.example",
    "//t@evil.example",
    "http://t.evil.example",
    "http://evil.example#t",
    "http://evil.example?t",
    "//evil.example/..",
    "/..//evil.example",
    "/./\\evil.example",
    "https://t\\.evil.example",
    "http://[::1]@evil.example",
    "//\u3002evil.example",
    "/\u2028/evil.example",
    "\ufeff//evil.example",
    "ftp://evil.example",
]


def leaves(location: str) -> bool:
    """Whether a browser would go to another host, or run something: it drops tabs and newlines and takes \\ for /."""
    kept = location.strip("".join(map(chr, range(33)))).translate({9: None, 10: None, 13: None}).replace("\\", "/")
    if kept.startswith("//"):
        return not kept.startswith("//t/")
    scheme, colon, rest = kept.partition(":")
    if colon and "/" not in scheme and "?" not in scheme and "#" not in scheme:
        return scheme.lower() not in ("http", "https") or rest.lstrip("/").partition("/")[0] != "t"
    return False


async def test_promise_42_no_redirect_leads_to_another_host() -> None:
    app = App(env="production", secret_key=KEY, url="http://t")

    @app.get("/typed")
    def typed(next: str, ctx: Context) -> Response:
        return ctx.redirect_to(next)

    @app.get("/back")
    def back(ctx: Context) -> Response:
        return ctx.redirect_back("/fallback")

    @app.get("/htmx")
    def by_htmx(next: str, ctx: Context) -> Response:
        return ctx.htmx.redirect(next)

    async with open_client(app) as client:
        assert (await client.get("/typed?next=/here")).headers["location"] == "/here"
        for target in TARGETS:
            asked = [f"/typed?next={quote(target)}", f"/htmx?next={quote(target)}"]
            answers = [await client.get(path) for path in asked]
            answers.append(await client.get(asked[1], headers={"hx-request": "true"}))
            if target.isascii() and target.isprintable():
                answers.append(await client.get("/back", headers={"referer": target}))
            for answer in answers:
                for field in ("location", "hx-redirect", "hx-location", "refresh"):
                    assert not leaves(answer.headers.get(field, "/")), (target, field, answer.headers[field])
                assert answer.status < 500, (target, answer.status)


# Promise 42: whom we take the client for


async def test_promise_42_nobody_chooses_our_host_or_their_address() -> None:
    app = App(env="production", secret_key=KEY, url="https://shop.example")

    @app.get("/reset", name="reset")
    def reset(ctx: Context) -> dict[str, object]:
        return {
            "link": app.paths.absolute("https://shop.example").reset(),
            "ip": ctx.request.client_ip,
            "secure": ctx.request.is_secure,
        }

    lies = (
        "x-forwarded-for: 10.0.0.1",
        "x-forwarded-host: evil.example",
        "x-forwarded-proto: https",
        "x-real-ip: 10.0.0.1",
        "forwarded: for=10.0.0.1;host=evil.example;proto=https",
        "x-forwarded-server: evil.example",
        "x-original-url: /admin",
        "x-rewrite-url: /admin",
        "x-host: evil.example",
        "x-forwarded-prefix: //evil.example",
        "client-ip: 10.0.0.1",
        "true-client-ip: 10.0.0.1",
        "x_forwarded_for: 10.0.0.1",
        "x-forwarded-port: 1",
    )
    async with open_client(app) as client:
        plain = (await client.get("/reset")).json()
        for lie in lies:
            for host in ("shop.example", "evil.example"):
                received = await client.send_octets(
                    f"GET /reset HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\naccept: */*\r\n{lie}\r\n\r\n".encode()
                )
                assert received.endswith(b"}"), received
                assert b"evil" not in received.lower(), lie
                assert (f'"ip":{_json(plain["ip"])}').encode() in received, lie
                assert b'"secure":false' in received, lie


def _json(value: object) -> str:
    return "null" if value is None else f'"{value}"'


# Promise 42: mass assignment


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"post[title]=Hi&post[admin]=1", "application/x-www-form-urlencoded"),
        (b"post[title]=Hi&post[][admin]=1", "application/x-www-form-urlencoded"),
        (b"post[title][admin]=1", "application/x-www-form-urlencoded"),
        (b"post[0][title]=Hi&post[0][admin]=1", "application/x-www-form-urlencoded"),
        (b'{"post": {"title": "Hi", "admin": true}}', "application/json"),
        (b'{"post": [{"title": "Hi", "admin": true}]}', "application/json"),
        (b'{"post": {"title": {"admin": true}}}', "application/json"),
        (
            PART.format("post", "\r\ncontent-type: application/json", '{"title": "Hi", "admin": true}').encode(),
            "multipart/form-data; boundary=B",
        ),
    ],
)
async def test_promise_42_nothing_is_assigned_that_was_not_permitted(content: bytes, content_type: str) -> None:
    made: list[AttackedPost] = []
    app = App(env="test", secret_key=KEY)

    @app.post("/permit")
    def permit(ctx: Context) -> str:
        made.append(AttackedPost(ctx.params.require("post").permit("title")))
        return "made"

    @app.post("/expect")
    def expect(ctx: Context) -> str:
        made.append(AttackedPost(ctx.params.expect(post=["title"])))
        return "made"

    @app.post("/raw")
    def raw(ctx: Context) -> str:
        made.append(AttackedPost(ctx.params["post"]))
        return "made"

    @app.post("/spread")
    def spread(ctx: Context) -> str:
        made.append(AttackedPost(**ctx.params["post"]))
        return "made"

    async with open_client(app) as client:
        for path in ("/permit", "/expect", "/raw", "/spread"):
            answer = await client.post(path, content=content, headers={"content-type": content_type})
            assert answer.status in (200, 400, 422, 500), answer.status
            assert path not in ("/permit", "/expect") or answer.status != 500, (path, answer.text)
    assert [post for post in made if post.admin] == []
    assert all(isinstance(post.title, str) for post in made)


async def test_promise_42_a_form_field_of_another_shape_is_the_clients_mistake() -> None:
    """A JSON part where a text is wanted, and the other way round."""
    app = App(env="test", secret_key=KEY)

    @app.post("/")
    def take(title: Annotated[str, Form()]) -> str:
        return title

    async with open_client(app) as client:
        for content in ('{"a": 1}', "[1]"):
            part = PART.format("title", "\r\ncontent-type: application/json", content).encode()
            answer = await client.post("/", content=part, headers={"content-type": "multipart/form-data; boundary=B"})
            assert answer.status in (400, 422), answer.text
