"""The middleware file of the public contract, as it stands there: its pipelines stand and its middleware does its work."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from spica import App
from tests.modules import forget_app
from tests.serving import open_client

FILES = {
    "config/middleware.py": '''
        # config/middleware.py
        from spica import middleware as m

        def verify_token(token):
            return {"name": "Ann"} if token == "good" else None

        def draw(p):
            p.use(m.RequestId, m.AccessLog, m.SecurityHeaders, m.Compression(threshold=1024))
            with p.pipeline("browser"):
                p.use(m.Session(store="cookie"), m.Csrf, m.ContentSecurityPolicy(default_src=["'self'"]))
            with p.pipeline("api"):
                p.use(
                    m.Cors(origins=["https://app.example.com"]), m.RateLimit("100/minute", by="token"), m.Bearer(verify_token)
                )
            with p.pipeline("members"):
                from app.middleware.require_auth import RequireAuth, Timing
                p.use(RequireAuth, Timing)
    ''',
    "app/__init__.py": "",
    "app/middleware/__init__.py": "",
    "app/middleware/require_auth.py": '''
        from spica import paths
        from spica.middleware import Middleware

        SEEN = []

        class RequireAuth(Middleware):
            async def before(self, ctx):                # return a Response to halt, None to go on
                if ctx.current_user is None:
                    return ctx.redirect_to(paths.login())
            async def after(self, ctx, response):       # optional; may replace the response
                return response

        class Timing(Middleware):
            async def around(self, ctx, next):          # the general form
                response = await next(ctx)
                SEEN.append(response.status)
                return response
    ''',
    "config/routes.py": '''
        def draw(r):
            r.get("/page", "home#index")
            r.get("/login", "home#login")
            r.get("/mine", "home#index", pipe="members")
            r.get("/api", "home#index", pipe="api")
    ''',
    "app/controllers/home_controller.py": '''
        from spica import Controller

        class HomeController(Controller):
            def index(self):
                return "home"

            def login(self):
                return "login"
    ''',
}


async def test_the_middleware_file_of_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    forget_app()
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        async with open_client(App(tmp_path, env="test")) as client:
            page = await client.get("/page")
            assert (page.status, page.text) == (200, "home")
            assert page.headers["content-security-policy"].startswith("default-src 'self';")
            assert page.headers["x-content-type-options"] == "nosniff"
            assert len(page.headers["x-request-id"]) >= 8
            away = await client.get("/mine")
            assert (away.status, away.headers["location"]) == (303, "/login")
            origin = {"origin": "https://app.example.com"}
            assert (await client.get("/api", headers=origin)).status == 401
            answer = await client.get("/api", headers={**origin, "authorization": "Bearer good"})
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "https://app.example.com")
    finally:
        forget_app()
