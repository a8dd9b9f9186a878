"""Hosts, constraints, predicates, formats, converters, redirects and fallbacks, as a request meets them."""

from __future__ import annotations

import datetime
import uuid
from enum import Enum
from typing import Any

import pytest

from spica import App, Context, Request, Router
from spica._core import Request as NativeRequest
from spica.app.errors import BootError
from spica.errors import SpicaError
from spica.routing import Routes, converter, converters
from spica.routing.errors import (
    DuplicateRouteError,
    InvalidConverterError,
    InvalidPatternError,
    InvalidRedirectError,
    InvalidRouteOptionError,
)


@pytest.fixture(autouse=True)
def own_converters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Converters belong to the process; those of a test end with it."""
    monkeypatch.setattr(converters, "_own", {})


def ask(app: App, target: str, method: str = "GET", host: str = "", **fields: str) -> tuple[int, str, dict[str, str]]:
    given = [("host", host)] if host else []
    native = NativeRequest.build(
        method, target, given + [(name.replace("_", "-"), text) for name, text in fields.items()]
    )
    status, sent, body = app.core.finish(native, app.core.begin(native))
    return status, body.decode(), {name.decode(): value.decode() for name, value in sent}


def text_of(app: App, target: str, **options: str) -> str:
    status, text, _ = ask(app, target, **options)
    return text if status == 200 else str(status)


def test_types_of_parameters() -> None:
    app = App()

    @app.get("/{a:uuid}/{b:date}/{c:float}/{d:slug}/{e:x|y}")
    def show(a: uuid.UUID, b: datetime.date, c: float, d: str, e: str) -> str:
        return f"{a!r} {b!r} {c!r} {d} {e}"

    one = "6f1c1e0e-5f6f-4a3c-9d5b-0d9d1c2b3a4f"
    assert text_of(app, f"/{one}/2024-02-29/-1.5/a_b-C/y") == (f"UUID('{one}') datetime.date(2024, 2, 29) -1.5 a_b-C y")
    for wrong in (
        f"/{one[:-1]}/2024-02-29/1/a/y",
        f"/{one}/2023-02-29/1/a/y",
        f"/{one}/2024-02-29/1e5/a/y",
        f"/{one}/2024-02-29/01/a/y",
        f"/{one}/2024-02-29/1/a%20b/y",
        f"/{one}/2024-02-29/1/a/z",
    ):
        assert text_of(app, wrong) == "404", wrong


def test_a_converted_value_is_converted_again_where_the_handler_wants_text() -> None:
    app = App()

    @app.get("/i/{a:int}/{b:uuid}")
    def show(a: str, b: str) -> str:
        return f"{a!r} {b!r}"

    one = "6f1c1e0e-5f6f-4a3c-9d5b-0d9d1c2b3a4f"
    assert text_of(app, f"/i/7/{one.upper()}") == f"'7' '{one}'"


class Status(Enum):
    DRAFT = "draft"
    DONE = "done"


def test_own_converters_read_and_write() -> None:
    def parse(text: str) -> int:
        if text == "cafe":
            raise ValueError(text)
        return int(text, 16)

    converter("hexadecimal", "[0-9a-f]+", parse=parse, format=lambda number: f"{number:x}")
    converter("status", Status)
    app = App()

    @app.get("/h/{n:hexadecimal}/{s:status}", name="hex")
    def show(n: int, s: Status) -> str:
        return f"{n} {s}"

    @app.get("/h/{n}/{s}")
    def other(n: str, s: str) -> str:
        return f"other {n}"

    assert text_of(app, "/h/ff/draft") == "255 Status.DRAFT"
    assert text_of(app, "/h/FF/draft") == "other FF"
    assert text_of(app, "/h/cafe/draft") == "other cafe", "a parser's ValueError means another route"
    assert text_of(app, "/h/ff/gone") == "other ff"
    assert app.paths.hex(255, Status.DONE) == "/h/ff/done"


def test_the_error_of_a_parser_that_is_no_value_error_is_no_404() -> None:
    converter("broken", "[a-z]+", parse=lambda text: 1 // 0)
    app = App()
    app.get("/{x:broken}")(lambda x: "never")
    with pytest.raises(ZeroDivisionError):
        ask(app, "/a")


@pytest.mark.parametrize("name", ["int", "rest", "two words"])
def test_names_that_no_converter_can_have(name: str) -> None:
    with pytest.raises(InvalidConverterError, match="can't be the name"):
        converter(name, "x")


def test_constraints_cover_the_whole_text_and_leave_the_rest_to_others() -> None:
    app = App()
    app.get("/p/{slug:slug}", where={"slug": "[a-z-]+"})(lambda slug: f"slug {slug}")
    app.get("/p/{key}")(lambda key: f"key {key}")
    app.get("/s/{state}", where={"state": ["on", "off"]})(lambda state: state)
    assert text_of(app, "/p/a-b") == "slug a-b"
    assert text_of(app, "/p/a-b1") == "key a-b1"
    assert text_of(app, "/p/a%0a") == "key a\n"
    assert text_of(app, "/s/on") == "on"
    assert text_of(app, "/s/onn") == "404"


def test_a_predicate_is_asked_last() -> None:
    asked: list[str] = []

    def is_beta(request: Request) -> bool:
        asked.append(request.path)
        return request.headers.get("x-beta") == "1"

    app = App()
    app.get("/a", when=is_beta)(lambda: "beta")
    app.get("/a")(lambda: "all")
    app.post("/b", when=is_beta)(lambda: "posted")
    assert text_of(app, "/a") == "all"
    assert text_of(app, "/a", x_beta="1") == "beta"
    assert text_of(app, "/other") == "404"
    assert asked == ["/a", "/a"]
    assert ask(app, "/b")[0] == 404, "who refuses is not there, so nothing is allowed either"
    assert ask(app, "/b", x_beta="1")[2]["allow"] == "OPTIONS, POST"


def test_hosts_and_their_parameters() -> None:
    app = App(url="https://example.com:8443")
    app.get("/", name="home")(lambda: "everywhere")
    app.get("/", subdomain="admin", name="admin")(lambda: "admin")

    @app.get("/{page}", host="{tenant}.example.com", name="page")
    def show(ctx: Context, tenant: str, page: str) -> dict[str, Any]:
        return ctx.path_params

    assert text_of(app, "/", host="admin.example.com:8443") == "admin"
    assert text_of(app, "/", host="other.test") == "everywhere"
    assert text_of(app, "/about", host="ACME.example.com") == '{"tenant":"acme","page":"about"}'
    assert text_of(app, "/about", host="example.com") == "404"
    assert ask(app, "/about", "POST", host="acme.example.com")[2]["allow"] == "GET, HEAD, OPTIONS"
    assert app.paths.page("about") == "/about"
    urls = app.paths.absolute(app.settings.app.url)
    assert urls.page("about", tenant="acme", q=1) == "https://acme.example.com:8443/about?q=1"
    assert urls.admin() == "https://admin.example.com:8443/"
    for tenant in ("evil.test/", "a.b", "a@b", "", "-"):
        with pytest.raises(SpicaError):
            urls.page("about", tenant=tenant)
    with pytest.raises(SpicaError, match="misses 'tenant'"):
        urls.page("about")


def test_formats() -> None:
    app = App()

    @app.get("/feed.{format}", format=["json", "atom"])
    def feed(ctx: Context) -> str:
        return str(ctx.format)

    @app.get("/posts/{id:int}", format=["json", "html"], name="post")
    def post(id: int, ctx: Context) -> str:
        return f"{id} {ctx.format}"

    assert text_of(app, "/feed.atom") == "atom"
    assert text_of(app, "/feed.rss") == "404"
    assert text_of(app, "/posts/7") == "7 None"
    assert text_of(app, "/posts/7.json") == "7 json"
    assert text_of(app, "/posts/7.xml") == "404"
    assert app.paths.post(7, format="json", page=2) == "/posts/7.json?page=2"
    with pytest.raises(SpicaError, match="got the format 'xml'"):
        app.paths.post(7, format="xml")


def test_redirects_lead_nowhere_else() -> None:
    app = App()
    app.redirect("/old/{id}", "/new/{id}")
    app.redirect("/go/{*path}", "/{*path}", status=308, keep_query=True)
    app.redirect("/away/{id}", "https://example.com/x/{id}?a=1", keep_query=True)
    assert ask(app, "/old/a%2Fb%0d%0ax?q")[2]["location"] == "/new/a%2Fb%0D%0Ax"
    assert ask(app, "/go/a/b?q=1")[2]["location"] == "/a/b?q=1"
    assert ask(app, "/go/a/b")[0] == 308
    for evil in ("/go/%2F%2Fevil.test", "/go/%2Fevil.test", "/go/%5C%5Cevil.test", "/go/https:%2F%2Fevil.test"):
        location = ask(app, evil)[2]["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\")), location
    assert ask(app, "/go/..%2F..%2Fx")[0] == 404
    assert ask(app, "/away/@evil.test?b=2")[2]["location"] == "https://example.com/x/@evil.test?a=1&b=2"


@pytest.mark.parametrize(
    ("to", "options"),
    [
        ("//evil.test/{id}", {}),
        ("https://{id}/", {}),
        ("https://example.com{id}", {}),
        ("javascript:alert(1)", {}),
        ("relative", {}),
        ("/new/{other}", {}),
        ("/new/{id", {}),
        ("/new/{id}", {"status": 200}),
    ],
)
def test_redirects_that_are_refused(to: str, options: Any) -> None:
    with pytest.raises(InvalidRedirectError):
        App().redirect("/old/{id}", to, **options)


def test_the_nearest_fallback_answers() -> None:
    app = App()
    app.post("/api/things")(lambda: "made")
    app.fallback()(lambda path: f"any {path!r}")
    app.fallback("/api")(lambda path: f"api {path!r}")
    app.fallback(host="x.test")(lambda path: f"host {path!r}")
    assert text_of(app, "/") == "any ''"
    assert text_of(app, "/a/b", method="BREW") == "any 'a/b'"
    assert text_of(app, "/api") == "api ''"
    assert text_of(app, "/api/x%20y") == "api 'x y'"
    assert text_of(app, "/api/x", host="x.test") == "host 'api/x'"
    assert ask(app, "/api/things")[0] == 405


def test_several_methods() -> None:
    app = App()
    app.match(["GET", "POST"], "/m")(lambda: "m")
    app.any("/a")(lambda: "a")
    assert text_of(app, "/m", method="POST") == "m"
    assert ask(app, "/m", "PUT")[2]["allow"] == "GET, HEAD, OPTIONS, POST"
    assert text_of(app, "/a", method="DELETE") == "a"
    with pytest.raises(InvalidRouteOptionError, match="can't be matched"):
        app.match(["get"], "/x")


def test_a_mounted_router_takes_its_demands_along() -> None:
    router, app, r = Router(), App(), Routes()
    router.get("/{id}", where={"id": "[0-9]+"}, name="number")(lambda id: id)
    app.mount("/n", router)
    with r.scope("/in", host="x.test", pipe="api"):
        r.mount("/n", router)
    router.get("/late")(lambda: "late")
    assert text_of(app, "/n/7") == "7"
    assert text_of(app, "/n/x") == "404"
    assert [str(route.pattern) for route in r.routes] == ["x.test/in/n/{id}", "x.test/in/n/late"]
    assert [route.pipe for route in r.routes] == [("api",), ("api",)]


def test_what_contradicts_is_refused_and_what_differs_is_not() -> None:
    def compile_two(first: dict[str, Any], second: dict[str, Any]) -> None:
        app = App()
        app.get("/{a}", name="first", **first)(lambda a: a)
        app.get("/{a}", name="second", **second)(lambda a: a)
        app.core

    def both(request: Request) -> bool:
        return True

    for same in ({"host": "x.test"}, {"where": {"a": "x+"}}, {"when": both}, {"format": "json"}):
        with pytest.raises((DuplicateRouteError, BootError), match=r"test_demands\.py:\d+"):
            compile_two(same, same)
    compile_two({"host": "x.test"}, {"host": "y.test"})
    compile_two({"where": {"a": "x+"}}, {"where": {"a": "y+"}})
    compile_two({"when": both}, {"when": lambda request: True})


def test_two_posts_at_one_path_are_refused() -> None:
    app = App()
    app.post("/a", name="first")(lambda: "a")
    app.post("/a", name="second")(lambda: "b")
    with pytest.raises(DuplicateRouteError):
        app.core


@pytest.mark.parametrize(
    ("pattern", "options", "error"),
    [
        ("/{a}", {"where": {"b": "x"}}, InvalidPatternError),
        ("/{a}", {"where": {"a": "("}}, InvalidConverterError),
        ("/{a:x|y}", {"where": {"a": "x"}}, InvalidPatternError),
        ("/{a}", {"where": lambda request: True}, InvalidRouteOptionError),
        ("/{a}", {"when": "x"}, InvalidRouteOptionError),
        ("/{a}", {"host": "https://x"}, InvalidPatternError),
        ("/{a}", {"host": "{a}.test"}, InvalidPatternError),
        ("/{a}", {"host": "{b:path}.test"}, InvalidPatternError),
        ("/{a}", {"host": "x.test", "subdomain": "y"}, InvalidRouteOptionError),
        ("/{a}", {"format": ["a.b"]}, InvalidRouteOptionError),
        ("/{a}", {"hots": "x.test"}, InvalidRouteOptionError),
        ("/{a:nothing}", {}, InvalidPatternError),
        ("/{a}{b}", {}, InvalidPatternError),
        ("/x{a:path}", {}, InvalidPatternError),
        ("/{a:x|}", {}, InvalidPatternError),
    ],
)
def test_demands_that_are_refused_where_they_are_declared(pattern: str, options: Any, error: type[SpicaError]) -> None:
    with pytest.raises(error) as caught:
        App().get(pattern, **options)(lambda a: a)
    assert "test_demands.py:" in caught.value.where


def test_what_only_the_tree_refuses_names_the_line_too() -> None:
    app = App()
    app.get("/{a}", where={"a": "(?=x)x"})(lambda a: a)
    with pytest.raises(InvalidPatternError, match="no look-around") as caught:
        app.core
    assert "test_demands.py:" in caught.value.where
