"""Routes and what they demand, redirects and fallbacks over real sockets: HTTP/1.1, HTTP/2, uvicorn."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.test_http2_native import Answer as Http2Answer
from tests.integration.test_http2_native import Client
from tests.processes import ANNOUNCED, RunningServer, serving, started

ROUTES = r"""
from spica import Context, Request


def say(text):
    def handler(ctx: Context) -> str:
        values = "".join(f" {name}={value!r}" for name, value in sorted(ctx.path_params.items()))
        return f"{text}{values}"
    return handler


def show_report(ctx: Context) -> object:
    return ctx.respond_to(html=lambda: "html", json=lambda: {"is": "json"})


def is_beta(request: Request) -> bool:
    return request.headers.get("x-beta") == "1"


def draw(r):
    r.get("/", say("tenant"), host="{tenant}.example.com", name="tenant")
    r.get("/", say("admin"), host="admin.example.com", name="admin")
    r.get("/", say("deep"), host="{a}.{b}.example.com", name="deep")
    r.get("/", say("team"), host="team-{team}.example.com", name="team")
    r.get("/", say("idn"), host="xn--mnchen-3ya.example", name="idn")
    r.root(say("anywhere"))
    r.get("/posts/{slug}", say("slug"), where={"slug": r"[a-z-]+"}, name="by_slug")
    r.get("/posts/{key}", say("key"), name="by_key")
    r.get("/search", say("new"), when=is_beta, name="new_search")
    r.get("/search", say("old"), name="search")
    r.get("/report", show_report, format=["json", "html"], name="report")
    r.get("/feed.{format}", say("feed"), format=["json", "atom"], name="feed")
    r.redirect("/old/{to}", "/new/{to}")
    r.redirect("/away/{to}", "https://example.com/{to}", keep_query=True)
    r.redirect("/deep/{*to}", "/{*to}")
    r.post("/only", say("posted"), name="only")
    with r.scope("/api"):
        r.fallback(say("api nothing"))
    r.fallback(say("nothing"))
"""
APP = """
from pathlib import Path
from spica import App

app = App(root=Path(__file__).parent, env="test", secret_key="k" * 32)
"""
MIDDLEWARE = "def draw(p):\n    pass\n"


@dataclass
class Answer:
    status: int
    fields: dict[str, str]
    text: str


Ask = Callable[..., Answer]


def ask_http1(server: RunningServer, target: str, method: str = "GET", host: str = "test", **fields: str) -> Answer:
    lines = [f"{method} {target} HTTP/1.1", f"host: {host}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        received = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, content = received.partition(b"\r\n\r\n")
    status, *pairs = head.decode("latin-1").split("\r\n")
    named = dict(pair.split(": ", 1) for pair in pairs)
    return Answer(int(status.split()[1]), {name.lower(): value for name, value in named.items()}, content.decode())


class Http2(Client):
    """A connection that asks for a host."""

    def ask(self, target: str, method: str, host: str, fields: dict[str, str]) -> Answer:
        stream: int = self.state.get_next_available_stream_id()
        self.begin_with(
            stream, [(":method", method), (":scheme", "http"), (":authority", host), (":path", target)], fields
        )
        answer = self.wait(stream)
        return Answer(answer.status, answer.fields, answer.content.decode())

    def begin_with(self, stream: int, pseudo: list[tuple[str, str]], fields: dict[str, str]) -> None:
        self.answers[stream] = Http2Answer()
        named = [(name.replace("_", "-"), value) for name, value in fields.items()]
        self.state.send_headers(stream, pseudo + named, end_stream=True)
        self.flush()


def ask_http2(server: RunningServer, target: str, method: str = "GET", host: str = "test", **fields: str) -> Answer:
    with Http2(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as client:
        return client.ask(target, method, host, fields)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("routes")
    for name, text in {
        "main.py": APP,
        "config/routes.py": ROUTES,
        "config/middleware.py": MIDDLEWARE,
        "public/there.txt": "a file",
        "public/api/there.txt": "a file of the api",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def spica(folder: Path) -> Iterator[RunningServer]:
    with serving(folder, "main:app") as running:
        yield running


@pytest.fixture(scope="module")
def uvicorn(folder: Path) -> Iterator[RunningServer]:
    with started([sys.executable, "-m", "uvicorn", "main:app", "--port", "0"], folder, ANNOUNCED) as running:
        yield running


@pytest.fixture(params=["http1", "http2", "uvicorn"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask our server over HTTP/1.1 and over HTTP/2, and uvicorn."""
    server = request.getfixturevalue("uvicorn" if request.param == "uvicorn" else "spica")
    send = ask_http2 if request.param == "http2" else ask_http1
    return lambda *arguments, **fields: send(server, *arguments, **fields)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("admin.example.com", "admin"),
        ("ADMIN.Example.COM", "admin"),
        ("admin.example.com:8443", "admin"),
        ("admin.example.com.", "admin"),
        ("acme.example.com", "tenant tenant='acme'"),
        ("team-red.example.com", "team team='red'"),
        ("team-.example.com", "tenant tenant='team-'"),
        ("a.b.example.com", "deep a='a' b='b'"),
        ("admin.admin.example.com", "deep a='admin' b='admin'"),
        ("xn--mnchen-3ya.example", "idn"),
        ("XN--MNCHEN-3YA.example", "idn"),
        ("example.com", "anywhere"),
        ("a.b.c.example.com", "anywhere"),
        ("admin.example.com.evil.example", "anywhere"),
        ("127.0.0.1", "anywhere"),
        ("[::1]:80", "anywhere"),
    ],
)
def test_the_host_decides(ask: Ask, host: str, text: str) -> None:
    assert ask("/", host=host).text == text


def test_an_absolute_target_has_the_host_of_the_field(spica: RunningServer) -> None:
    asked = ask_http1(spica, "http://ADMIN.example.com/", host="admin.example.com")
    assert (asked.status, asked.text) == (200, "admin")
    assert ask_http1(spica, "http://admin.example.com/", host="acme.example.com").status == 400


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/posts/a-title", "slug slug='a-title'"),
        ("/posts/%61-title", "slug slug='a-title'"),
        ("/posts/A-title", "key key='A-title'"),
        ("/posts/a%2Fb", "key key='a/b'"),
        ("/posts/a%0Ab", "key key='a\\nb'"),
        ("/posts/a%0A", "key key='a\\n'"),
        ("/feed.atom", "feed format='atom'"),
        ("/feed.xml", "nothing path='feed.xml'"),
        ("/api/x/y", "api nothing path='x/y'"),
        ("/apix", "nothing path='apix'"),
        ("/there.txt", "a file"),
        ("/api/there.txt", "a file of the api"),
    ],
)
def test_the_path_decides(ask: Ask, target: str, text: str) -> None:
    assert ask(target).text == text


def test_the_function_decides(ask: Ask) -> None:
    assert [ask("/search", x_beta=value).text for value in "01"] == ["old", "new"]


@pytest.mark.parametrize(
    ("target", "accept", "text"),
    [
        ("/report.json", "text/html", '{"is":"json"}'),
        ("/report.html", "application/json", "html"),
        ("/report", "application/json", '{"is":"json"}'),
        ("/report", "text/html", "html"),
    ],
)
def test_the_format_of_the_path_wins_over_accept(ask: Ask, target: str, accept: str, text: str) -> None:
    asked = ask(target, accept=accept)
    assert (asked.status, asked.text) == (200, text)


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/old/7", "/new/7"),
        ("/old/%2Fevil.example", "/new/%2Fevil.example"),
        ("/old/%5Cevil.example", "/new/%5Cevil.example"),
        ("/old/a%0D%0Aset-cookie:%20x=1", "/new/a%0D%0Aset-cookie:%20x=1"),
        ("/old/%3Fx=1%23y", "/new/%3Fx=1%23y"),
        ("/away/7?a=b", "https://example.com/7?a=b"),
        ("/away/%40evil.example", "https://example.com/@evil.example"),
        ("/deep/a/b", "/a/b"),
    ],
)
def test_a_redirect_leads_where_it_says(ask: Ask, target: str, location: str) -> None:
    asked = ask(target)
    assert (asked.status, asked.fields["location"]) == (301, location)
    assert "set-cookie" not in asked.fields


@pytest.mark.parametrize(
    "rest", ["%2Fevil.example", "%2F%2Fevil.example", "%5Cevil.example", "%09/evil.example", "a/../..//e"]
)
def test_no_redirect_leads_to_another_host(ask: Ask, rest: str) -> None:
    asked = ask(f"/deep/{rest}")
    assert not asked.fields.get("location", "/").startswith(("//", "/\\", "/\t", "http"))


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE", "PROPFIND"])
def test_a_fallback_answers_every_method(ask: Ask, method: str) -> None:
    asked = ask("/nowhere", method)
    assert (asked.status, asked.text) == (200, "" if method == "HEAD" else "nothing path='nowhere'")


def test_a_fallback_takes_neither_files_nor_other_methods(ask: Ask) -> None:
    assert (ask("/there.txt", "HEAD").fields["content-length"]) == "6"
    wrong = ask("/only", "GET")
    assert (wrong.status, wrong.fields["allow"]) == (405, "OPTIONS, POST")
    options = ask("/only", "OPTIONS")
    assert (options.status, options.fields["allow"]) == (204, "OPTIONS, POST")
