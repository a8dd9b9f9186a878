"""Promises 39, 40 and 42 attacked on real sockets: what a client, or a page of another site, can send to get in."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from tests.processes import RunningServer, serving

APP = """
import asyncio

from starlette.applications import Starlette
from starlette.requests import Request as ForeignRequest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from spica import App, Context, Response
from spica import middleware as m

app = App(env="production", secret_key="a secret of enough characters 0123456789")
app.use(m.RequestId, m.SecurityHeaders)
app.use(m.Session(store="STORE"), m.Csrf)
changes = []


async def foreign(request: ForeignRequest):
    if request.method not in ("GET", "HEAD"):
        changes.append(f"mounted {request.method}")
    return PlainTextResponse("mounted")


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
app.mount("/mounted", Starlette(routes=[Route("/{rest:path}", foreign, methods=METHODS)]))


@app.get("/token")
def token(ctx: Context) -> str:
    from spica.middleware.csrf import csrf_token

    return csrf_token(ctx)


@app.post("/login")
def login(ctx: Context) -> str:
    ctx.session.rotate(owner=7)
    ctx.session["user_id"] = 7
    return "in"


@app.post("/logout")
def logout(ctx: Context) -> str:
    ctx.session.clear()
    return "out"


@app.get("/me")
def me(ctx: Context) -> dict:
    return {"user_id": ctx.session.get("user_id")}


@app.get("/visit")
def visit(ctx: Context) -> str:
    ctx.session["seen"] = True
    return "seen"


@app.get("/remember")
def remember(ctx: Context, value: str, name: str = "theme") -> str:
    ctx.cookies.signed[name] = value
    ctx.cookies.encrypted[name + "_sealed"] = value
    return "remembered"


@app.get("/changes")
def list_changes() -> list:
    return changes


for method in ("post", "put", "patch", "delete"):
    getattr(app, method)("/things/{id:int}")(lambda id, method=method: changes.append(method) or "changed")


@app.get("/header")
def header(value: str) -> Response:
    return Response.text("x").with_header("x-value", value)


@app.get("/cookie")
def cookie(ctx: Context, value: str) -> Response:
    ctx.cookies["c"] = value
    return ctx.text("x")


@app.get("/cookie-name")
def cookie_name(ctx: Context, value: str) -> Response:
    ctx.cookies[value] = "x"
    return ctx.text("x")


@app.get("/filename")
def filename(ctx: Context, value: str) -> Response:
    return ctx.send_data(b"x", filename=value)


@app.get("/etag")
def etag(ctx: Context, value: str) -> Response | None:
    if ctx.fresh_when(etag=value):
        return None
    return ctx.text("x")


@app.get("/trigger")
def trigger(ctx: Context, value: str) -> Response:
    ctx.htmx.trigger(value)
    return ctx.text("x")


@app.get("/push")
def push(ctx: Context, value: str) -> Response:
    ctx.htmx.push_url(value)
    return ctx.text("x")


@app.get("/redirect")
def redirect(ctx: Context, value: str) -> Response:
    return ctx.redirect_to(value)


@app.get("/notice")
def notice(ctx: Context, value: str) -> Response:
    return ctx.redirect_to("/", notice=value)


@app.get("/type")
def content_type(value: str) -> Response:
    return Response(b"x", content_type=value)
"""


@dataclass
class Client:
    """A visitor's browser, or what pretends to be one."""

    server: RunningServer
    cookies: dict[str, str] = field(default_factory=dict)

    def send(
        self, method: str, path: str, content: bytes = b"", **fields: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        sent = {name.replace("_", "-"): value for name, value in fields.items()}
        if self.cookies:
            sent.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        connection.request(method, path, content or None, sent)
        response = connection.getresponse()
        text = response.read().decode("latin-1")
        connection.close()
        for line in response.headers.get_all("set-cookie", []):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return response.status, response.headers, text

    def post(self, path: str, content: bytes = b"", **fields: str) -> int:
        """As a page of ours does."""
        token = self.send("GET", "/token")[2]
        return self.send("POST", path, content, sec_fetch_site="same-origin", x_csrf_token=token, **fields)[0]

    def user(self) -> object:
        status, _, text = self.send("GET", "/me")
        assert status == 200
        return json.loads(text)["user_id"]

    @property
    def session(self) -> str:
        return self.cookies["spica_session"]


@pytest.fixture(scope="module", params=["cookie", "memory"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "app.py").write_text(APP.replace("STORE", request.param))
    with serving(folder, "app:app", "--quiet", SPICA_ENV="production") as running:
        yield running


@pytest.fixture
def visitor(server: RunningServer) -> Client:
    visitor = Client(server)
    assert visitor.post("/login") == 200
    assert visitor.user() == 7
    return visitor


# Promise 39


def test_promise_39_an_id_that_a_client_made_up_is_never_taken_up(server: RunningServer) -> None:
    for made_up in (
        "a",
        "A" * 22,
        "A" * 43,
        "0" * 64,
        "x" * 4000,
        "../7",
        "7",
        '{"user_id":7}',
        "eyJ1c2VyX2lkIjo3fQ",
        "%00",
        "a.b.c",
    ):
        client = Client(server, {"spica_session": made_up})
        assert client.user() is None
        assert client.send("GET", "/visit")[0] == 200
        assert client.session != made_up
        assert client.post("/login") == 200
        assert client.session != made_up
        assert Client(server, {"spica_session": made_up}).user() is None


def test_promise_39_a_session_planted_before_the_login_is_worth_nothing(server: RunningServer) -> None:
    attacker = Client(server)
    attacker.send("GET", "/visit")
    victim = Client(server, dict(attacker.cookies))
    assert victim.post("/login") == 200
    assert victim.session != attacker.session
    assert victim.user() == 7
    assert Client(server, dict(attacker.cookies)).user() is None


def test_promise_39_a_changed_cookie_is_no_session(visitor: Client) -> None:
    good = visitor.session
    for at in range(len(good)):
        other = "A" if good[at] != "A" else "B"
        for changed in (good[:at] + other + good[at + 1 :], good[:at], good[:at] + good[at + 1 :]):
            # The last digit of base64 has bits that mean nothing: it may read as the same octets.
            user = Client(visitor.server, {"spica_session": changed}).user()
            assert user is None or at == len(good) - 1, (at, changed)
    for changed in (good * 2, good + "=", f'"{good}"x', good.swapcase(), f"a{good}", good + "." + good):
        assert Client(visitor.server, {"spica_session": changed}).user() is None, changed


def test_promise_39_nothing_else_that_we_sealed_is_a_session(server: RunningServer) -> None:
    """A visitor chooses what is in a signed or an encrypted cookie, and sends it back under another name."""
    client = Client(server)
    wanted = ['{"user_id":7}', '{"user_id": 7, "_csrf": "x"}', "user_id=7"]
    for value in wanted:
        for name in ("theme", "spica_session", "session"):
            assert client.send("GET", f"/remember?value={quote(value)}&name={name}")[0] == 200
            for sealed in set(client.cookies.values()):
                assert Client(server, {"spica_session": sealed}).user() is None


def test_promise_39_a_logout_has_no_session_and_another_login_another_one(visitor: Client) -> None:
    before = visitor.session
    assert visitor.post("/logout") == 200
    assert visitor.user() is None
    assert visitor.cookies.get("spica_session") != before
    assert visitor.post("/login") == 200
    assert visitor.session != before
    ids = set()
    for _ in range(50):
        client = Client(visitor.server)
        client.send("GET", "/visit")
        ids.add(client.session)
    assert len(ids) == 50
    assert min(map(len, ids)) >= 22, "128 bits"


def test_promise_39_the_cookie_is_not_for_scripts_nor_for_other_sites(server: RunningServer) -> None:
    _, headers, _ = Client(server).send("GET", "/visit")
    attributes = {part.strip().lower() for part in headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert not [part for part in attributes if part.startswith("domain")]
    assert "private" in headers["cache-control"] or "no-store" in headers["cache-control"]


# Promise 40

HOSTILE = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"sec-fetch-site": "cross-site", "origin": "null"},
    {"sec-fetch-site": "same-site", "origin": "http://sub.127.0.0.1"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"referer": "http://127.0.0.1/"},
    {},
]
CONTENT_TYPES = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=B",
    "application/json",
    "application/json; charset=utf-7",
    "application/csp-report",
    "application/xml",
    "x" * 200,
]


def test_promise_40_no_road_changes_anything(visitor: Client) -> None:
    def changes() -> str:
        return visitor.send("GET", "/changes")[2]

    before = changes()
    token = visitor.send("GET", "/token")[2]
    assert len(token) > 20
    refused = 0
    for path in ("/things/7", "/mounted/x", "/mounted/things/7", "/things/7?_csrf_token=" + quote(token), "/logout"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for hostile in HOSTILE:
                for content_type in CONTENT_TYPES:
                    fields = {**hostile, **({"content-type": content_type} if content_type else {})}
                    status, _, _ = visitor.send(method, path, b"_method=delete&a=b", **fields)
                    assert status in (400, 403, 404, 405, 415), (path, method, fields, status)
                    refused += 1
    for trick in ({"x_http_method_override": "DELETE"}, {"x_http_method": "DELETE"}, {"x_method_override": "DELETE"}):
        for path in ("/things/7?_method=delete", "/mounted/x?_method=delete"):
            visitor.send("GET", path, **HOSTILE[0], **trick)
            visitor.send("HEAD", path, **HOSTILE[0], **trick)
            visitor.send("OPTIONS", path, **HOSTILE[0], **trick)
    assert changes() == before
    assert visitor.user() == 7, "nobody was signed out either"
    assert refused == 5 * 4 * 7 * 9


def test_promise_40_a_token_of_another_visitor_is_none(visitor: Client) -> None:
    attacker = Client(visitor.server)
    attacker.send("GET", "/visit")
    token = attacker.send("GET", "/token")[2]
    own = visitor.send("GET", "/token")[2]
    form = "application/x-www-form-urlencoded"
    for wrong in (token, "", own[:-2], own[1:], own.swapcase(), token[: len(token) // 2] + own[len(own) // 2 :]):
        content = b"_csrf_token=" + quote(wrong).encode()
        assert visitor.send("POST", "/things/7", content, content_type=form)[0] == 403, wrong
        assert visitor.send("POST", "/things/7", b"", x_csrf_token=wrong)[0] == 403, wrong
    assert visitor.send("POST", "/things/7", b"", x_csrf_token=own)[0] == 200, "else nothing was proved"
    assert visitor.post("/login") == 200
    assert visitor.send("POST", "/things/7", b"", x_csrf_token=own)[0] == 403, "a login makes new tokens"


# Promise 42: what ends up in the head of an answer

BREAKS = ["\r\n", "\n", "\r", "\r\n ", "\x0b", "\x0c", "\x00", "\x85", "\u2028", "\u560d\u560a", "\u010d\u010a"]
INJECTED = "x-injected: 1"


@pytest.mark.parametrize(
    "place",
    ["header", "cookie", "cookie-name", "filename", "etag", "trigger", "push", "redirect", "notice", "type"],
)
def test_promise_42_no_value_becomes_a_field_of_its_own(server: RunningServer, place: str) -> None:
    for once in BREAKS:
        for value in (
            f"a{once}{INJECTED}",
            f"/a{once}{INJECTED}",
            f'a"{once}{INJECTED}{once}{once}<p>',
            f"a; x=y{once}{INJECTED}",
        ):
            for htmx in ({}, {"hx_request": "true"}):
                _, headers, text = Client(server).send("GET", f"/{place}?value={quote(value)}", **htmx)
                assert headers["x-injected"] is None, (place, value)
                assert INJECTED not in text.split("\n"), (place, value)
                for name, sent in headers.items():
                    assert re.search("[\r\n\x00\x0b\x0c]", sent) is None, (place, value, name)


def test_promise_42_a_cookie_gets_no_attribute_from_its_value(server: RunningServer) -> None:
    for value in ("a; domain=evil.example", "a; path=/x; samesite=none", 'a"; secure', "a, b=c", "a b", "a\\", "é"):
        for place in ("cookie", "cookie-name"):
            _, headers, _ = Client(server).send("GET", f"/{place}?value={quote(value)}")
            for line in headers.get_all("set-cookie", []):
                names = {part.partition("=")[0].strip().lower() for part in line.split(";")[1:]}
                assert names <= {"path", "httponly", "samesite", "max-age", "expires", "secure"}, line
                assert "evil" not in line.partition(";")[2], line
                assert "samesite=none" not in line.lower().partition(";")[2], line
