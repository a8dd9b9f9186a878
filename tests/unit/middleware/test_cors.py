"""Cors: who may read, what a preflight is told, and what caches are told. Fetch (WHATWG), section 3.2."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from spica import App
from spica import middleware as m
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.pipeline import compose
from tests.requests import make_context, make_request
from tests.serving import open_client

ORIGIN = "https://app.example.com"
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "PUT"}


def visit(cors: m.Cors, origin: str | None = ORIGIN, *, response: Response | None = None) -> Response:
    fields = {"origin": origin} if origin is not None else {}
    made = response or Response.text("x")
    answer: Response = compose([cors], lambda ctx: made)(make_context(make_request(fields=fields)))
    return answer


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ([ORIGIN], ORIGIN, True),
        ([ORIGIN], "https://APP.example.com", True),
        ([ORIGIN], "http://app.example.com", False),
        ([ORIGIN], "https://app.example.com:8443", False),
        ([ORIGIN], "https://app.example.com.evil.example", False),
        ([ORIGIN], "https://evil-app.example.com", False),
        ([ORIGIN], "null", False),
        (["https://*.example.com"], "https://a.b.example.com", True),
        (["https://*.example.com"], "https://example.com", False),
        (["https://*.example.com"], "https://evilexample.com", False),
        (["https://*.example.com"], "https://evil.example/.example.com", False),
        (["https://*.example.com"], "https://a.example.com.evil.example", False),
        (["https://*.example.com:8443"], "https://a.example.com:8443", True),
        ([re.compile(r"https://pr-\d+\.example\.com")], "https://pr-7.example.com", True),
        ([re.compile(r"https://pr-\d+\.example\.com")], "https://pr-7.example.com.evil.example", False),
        (["http://localhost:5173", ORIGIN], "http://localhost:5173", True),
        (["http://[::1]:3000"], "http://[::1]:3000", True),
    ],
)
def test_an_origin_is_compared_whole(origins: list[Any], origin: str, allowed: bool) -> None:
    response = visit(m.Cors(origins), origin)
    assert (response.header("access-control-allow-origin") == origin) is allowed
    assert response.header("vary") == "origin"


def test_caches_are_told_even_without_an_origin() -> None:
    response = visit(m.Cors([ORIGIN]), None, response=Response.text("x").with_header("vary", "accept"))
    assert response.header("vary") == "accept, origin"
    assert response.header("access-control-allow-origin") is None


def test_everybody_may_read_without_credentials() -> None:
    response = visit(m.Cors(["*"]), "https://anyone.example")
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("access-control-allow-credentials") is None
    assert response.header("vary") is None


def test_credentials_are_for_named_origins() -> None:
    response = visit(m.Cors([ORIGIN], credentials=True, expose=["x-total"]))
    assert response.header("access-control-allow-credentials") == "true"
    assert response.header("access-control-expose-headers") == "x-total"
    assert (
        visit(m.Cors([ORIGIN], credentials=True), "https://x.example").header("access-control-allow-credentials")
        is None
    )


@pytest.mark.parametrize(
    ("origins", "options", "words"),
    [
        (["*"], {"credentials": True}, "any site could read"),
        (["*", ORIGIN], {"credentials": True}, "any site could read"),
        (ORIGIN, {}, "takes a list of origins"),
        ([], {}, "takes a list of origins"),
        (["https://app.example.com/"], {}, "not an origin"),
        (["app.example.com"], {}, "not an origin"),
        (["https://*"], {}, "not an origin"),
        (["null"], {}, "not an origin"),
        ([ORIGIN], {"headers": "content-type"}, "not a list of names"),
        ([ORIGIN], {"expose": ["a b"]}, "not a list of names"),
    ],
)
def test_mistakes_are_told_at_boot(origins: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        m.Cors(origins, **options)
    assert words in str(caught.value)


def application(**options: Any) -> App:
    app = App()
    with app.pipeline("api"):
        app.use(m.Cors([ORIGIN], **options), Locked)

    @app.put("/posts/{id:int}", pipe="api")
    def put(id: int) -> str:
        return "put"

    @app.get("/posts/{id:int}", pipe="api")
    def get(id: int) -> str:
        return "got"

    @app.get("/private")
    def private() -> str:
        return "private"

    return app


class Locked(m.Middleware):
    """Refuses what has no credentials, as a preflight never has."""

    def before(self, ctx: Any) -> Response | None:
        return None if ctx.request.native.field("authorization") else Response.text("who?", status=401)


async def preflight(app: App, path: str = "/posts/7", **fields: str) -> Any:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    async with open_client(app) as client:
        return await client.options(path, headers={**PREFLIGHT, **headers})


async def test_a_preflight_is_answered_for_the_route_it_announces() -> None:
    response = await preflight(application(), access_control_request_headers="Content-Type, X-Evil")
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, PUT"
    assert response.headers["access-control-allow-headers"] == "content-type"
    assert response.headers["access-control-max-age"] == "600"
    assert "access-control-request-headers" in response.headers["vary"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/posts/7", {"origin": "https://evil.example"}),
        ("/posts/7", {"access_control_request_method": "DELETE"}),
        ("/posts/7", {"access_control_request_method": "P UT"}),
        ("/private", {"access_control_request_method": "GET"}),
        ("/nowhere", {}),
    ],
)
async def test_a_preflight_that_gets_no_permission(path: str, fields: dict[str, str]) -> None:
    response = await preflight(application(), path, **fields)
    assert "access-control-allow-origin" not in response.headers


async def test_a_private_network_is_opened_on_request_only() -> None:
    asked = {"access_control_request_private_network": "true"}
    opened, closed = (
        await preflight(application(private_network=True), **asked),
        await preflight(application(), **asked),
    )
    assert opened.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in closed.headers


async def test_a_refusal_can_be_read_by_the_page() -> None:
    async with open_client(application()) as client:
        response = await client.get("/posts/7", headers={"origin": ORIGIN})
    assert response.status == 401
    assert response.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"origins": ["*"]}, "*"),
        ({"origins": [ORIGIN]}, ORIGIN),
        ({"origins": [re.compile("https://.*")]}, None),
    ],
)
async def test_a_public_file_says_what_it_can_say_to_everyone(
    tmp_path: Path, options: dict[str, Any], allowed: str | None
) -> None:
    async with open_client(public_font(tmp_path, options)) as client:
        for origin in (ORIGIN, "https://evil.example"):
            answer = (await client.get("/font.woff2", headers={"origin": origin})).expect_status(200)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in answer.headers
            assert "origin" not in answer.headers.get("vary", "")


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"origins": [ORIGIN, "https://other.example"]}, [ORIGIN, "https://other.example", "https://OTHER.example"]),
        ({"origins": ["https://*.example.com"]}, ["https://a.example.com", "https://a.b.example.com"]),
        ({"origins": [re.compile("https://.*"), ORIGIN, "http://localhost:5173"]}, [ORIGIN, "http://localhost:5173"]),
        ({"origins": [ORIGIN, "https://other.example"], "credentials": True, "expose": ["etag", "x-a"]}, [ORIGIN]),
    ],
)
async def test_a_public_file_answers_the_origin_that_asks(
    tmp_path: Path, options: dict[str, Any], allowed: list[str]
) -> None:
    asked: list[tuple[int, dict[str, str]]] = [
        (200, {}),
        (206, {"range": "bytes=0-1"}),
        (304, {"if-none-match": "*"}),
        (412, {"if-match": '"x"'}),
        (416, {"range": "bytes=99-"}),
    ]
    async with open_client(public_font(tmp_path, options)) as client:
        for status, fields in asked:
            for origin in allowed:
                answer = await client.get("/font.woff2", headers={"origin": origin, **fields})
                answer.expect_status(status)
                assert answer.headers["access-control-allow-origin"] == origin
                assert answer.headers["vary"] == "origin"
                credentials = answer.headers.get("access-control-allow-credentials")
                assert credentials == ("true" if options.get("credentials") else None)
                exposed = ", ".join(options.get("expose", [])) or None
                assert answer.headers.get("access-control-expose-headers") == exposed
            for origin in (
                "https://evil.example",
                "null",
                f"{ORIGIN}.evil.example",
                "https://a.example.com@evil.example",
            ):
                answer = await client.get("/font.woff2", headers={"origin": origin, **fields})
                assert answer.expect_status(status).headers["vary"] == "origin"
                assert not [name for name in answer.headers if name.startswith("access-control")]
            answer = (await client.get("/font.woff2", headers=fields)).expect_status(status)
            assert answer.headers["vary"] == "origin"
            assert "access-control-allow-origin" not in answer.headers
        for target in ("/none.woff2", "/style.css"):
            answer = await client.get(target, headers={"origin": allowed[0]})
            assert answer.headers["access-control-allow-origin"] == allowed[0]
            assert answer.headers.get_all("vary") == (
                ["accept-encoding, origin"] if target == "/style.css" else ["origin"]
            )
        fields = {"origin": allowed[0], "access-control-request-method": "GET"}
        preflight = (await client.options("/font.woff2", headers=fields)).expect_status(204)
        assert preflight.headers["access-control-allow-origin"] == allowed[0]


async def test_one_origin_with_credentials_reads_files_with_them(tmp_path: Path) -> None:
    async with open_client(public_font(tmp_path, {"origins": [ORIGIN], "credentials": True})) as client:
        for origin, credentials in ((ORIGIN, "true"), ("https://evil.example", None)):
            answer = (await client.get("/font.woff2", headers={"origin": origin})).expect_status(200)
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert answer.headers.get("access-control-allow-credentials") == credentials
            assert answer.headers["vary"] == "origin"


def public_font(root: Path, options: dict[str, Any]) -> App:
    (root / "public").mkdir()
    (root / "public/font.woff2").write_text("a font")
    (root / "public/style.css").write_text("a {}")
    (root / "config").mkdir()
    (root / "config/routes.py").write_text("def draw(r): ...\n")
    (root / "config/middleware.py").write_text(
        f"import re\nfrom spica import middleware as m\ndef draw(p):\n    p.use(m.Cors(**{options!r}))\n"
    )
    return App(root, env="test")


async def test_a_pipeline_of_named_origins_keeps_to_them_beside_a_common_one() -> None:
    """What the common part says to everyone stands in for nothing: an inner pipeline's credentials are not widened."""
    app = App(env="test")
    app.use(m.Cors([ORIGIN]))
    with app.pipeline("other"):
        app.use(m.Cors(["https://other.example"], credentials=True))
    app.get("/own", pipe="other")(lambda: "x")
    async with open_client(app) as client:
        other = await client.get("/own", headers={"origin": "https://other.example"})
        assert other.headers["access-control-allow-origin"] == "https://other.example"
        evil = await client.get("/own", headers={"origin": "https://evil.example"})
        assert evil.headers.get("access-control-allow-origin") == ORIGIN
        assert "access-control-allow-credentials" not in evil.headers
