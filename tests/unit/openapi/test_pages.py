"""The pages of the document: where they are, what they may load, and how they say that they can't."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from spica import App
from spica.openapi import pages
from spica.server.run import running_server
from spica.testing.client import Client
from spica.testing.response import ClientResponse


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for what tools/assets.py fetches; the real files are tried in Chromium."""
    folder = tmp_path / "assets"
    folder.mkdir()
    monkeypatch.setattr(pages, "ASSETS", folder)
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", ".fetched", "LICENSE"):
        (folder / name).write_text("fetched")
        if name in pages._FILES:
            monkeypatch.setitem(pages._FILES, name, folder)
    return folder


def build_app(**options: object) -> App:
    app = App(env=str(options.pop("env", "test")))
    app.describe_api(title="Shop & Co", **options)
    app.get("/things")(lambda: [])
    return app


async def get(app: App, path: str, **headers: str) -> ClientResponse:
    async with running_server(app, None) as server:
        return await Client(app, server).get(
            path, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )


async def test_the_document_has_an_etag() -> None:
    app = build_app()
    first = await get(app, "/api/docs/openapi.json")
    assert first.status == 200
    assert first.json()["paths"].keys() == {"/things"}
    again = await get(app, "/api/docs/openapi.json", if_none_match=first.headers["etag"])
    assert (again.status, again.content) == (304, b"")


async def test_the_page_has_no_inline_script_and_loads_only_ours() -> None:
    page = await get(build_app(), "/api/docs")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "<script>" not in page.text
    assert "//" not in page.text.replace("<!doctype html>", "")
    assert "<title>Shop &amp; Co</title>" in page.text


async def test_assets_are_these_and_no_others() -> None:
    app = build_app()
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "initializer.js", "page.css"):
        assert (await get(app, f"/api/docs/assets/{name}")).status == 200, name
    for name in ("..%2fpages.py", ".fetched", "LICENSE", "none.js"):
        assert (await get(app, f"/api/docs/assets/{name}")).status == 404, name


async def test_without_the_assets_the_page_says_what_to_do(assets: Path) -> None:
    (assets / "swagger-ui-bundle.js").unlink()
    page = await get(build_app(), "/api/docs")
    assert page.status == 503
    assert "make assets" in page.text
    assert "page.css" in page.text
    assert "swagger-ui.css" not in page.text
    assert "favicon-32x32.png" not in page.text


async def test_in_production_they_are_there_when_asked_for() -> None:
    assert (await get(build_app(env="production"), "/api/docs")).status == 404
    assert (await get(build_app(env="production", enabled=True), "/api/docs/openapi.json")).status == 200
    assert (await get(build_app(enabled=False), "/api/docs")).status == 404


async def test_elsewhere_and_beside_routes_of_the_application() -> None:
    app = build_app(path="/help")
    app.get("/help")(lambda: "mine")
    assert (await get(app, "/help")).text == "mine"
    assert (await get(app, "/help/openapi.json")).status == 200
    assert [route.pattern.text for route in app.routes] == ["/things", "/help"]


async def test_the_document_as_yaml() -> None:
    app = build_app()
    first = await get(app, "/api/docs/openapi.yaml")
    assert (first.status, first.headers["content-type"]) == (200, "application/yaml")
    assert yaml.safe_load(first.text) == (await get(app, "/api/docs/openapi.json")).json()
    assert (await get(app, "/api/docs/openapi.yaml", if_none_match=first.headers["etag"])).status == 304
