"""Assets of a project while it is developed, and in production: who answers, and with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spica import App
from spica.assets.build import build_assets
from spica.assets.errors import AssetsNotBuiltError
from spica.assets.shipped import HTMX, find_shipped, shipped_modules


@pytest.fixture
def shop(project: Path) -> Path:
    (project / "app/assets").mkdir()
    (project / "app/assets/app.css").write_text("a { color: red }\n" * 100)
    (project / "config/app.toml").write_text('[app]\nsecret_key = "a production secret key, 32 or more"\n')
    return project


async def test_sources_are_sent_as_they_are(shop: Path, exchange: Any) -> None:
    app = App(root=shop)
    sheet = await exchange(app, "GET", "/assets/app.css")
    assert (sheet.status, sheet.field("cache-control")) == (200, "no-cache")
    assert sheet.field("content-type") == "text/css; charset=utf-8"
    (shop / "app/assets/new.js").write_text("1")
    assert (await exchange(app, "GET", "/assets/new.js")).status == 200, "without a restart"
    assert (await exchange(app, "POST", "/assets/app.css")).status == 405


@pytest.mark.parametrize(
    "path", ["none.css", "../secret", "%2e%2e/views/layout.html", ".hidden", "", "a//b", "app.css/"]
)
async def test_nothing_else_is(shop: Path, exchange: Any, path: str) -> None:
    (shop / "app/assets/.hidden").write_text("x")
    assert (await exchange(App(root=shop), "GET", f"/assets/{path}")).status == 404


async def test_a_public_file_of_the_same_address_comes_first(shop: Path, exchange: Any) -> None:
    (shop / "public/assets").mkdir(parents=True)
    (shop / "public/assets/app.css").write_text("public")
    answer = await exchange(App(root=shop), "GET", "/assets/app.css")
    assert answer.field("content-length") == "6"


async def test_production_sends_what_was_built(shop: Path, exchange: Any) -> None:
    with pytest.raises(AssetsNotBuiltError):
        App(root=shop, env="production").core
    (built,) = build_assets(shop)
    app = App(root=shop, env="production")
    sheet = await exchange(app, "GET", built.path, headers={"accept-encoding": "br"})
    assert sheet.field("cache-control") == "public, max-age=31536000, immutable"
    assert sheet.field("content-encoding") == "br"
    hash = built.path.removesuffix(".css").rpartition("-")[2]
    assert sheet.field("etag") == f'"{hash}-br"'
    assert (await exchange(app, "GET", "/assets/app.css")).status == 404, "sources stay here"
    assert (await exchange(app, "GET", "/assets/.manifest.json")).status == 404


async def test_what_comes_with_spica_is_served_for_a_year(shop: Path, exchange: Any) -> None:
    for asset in (find_shipped(HTMX), shipped_modules()["phoenix"]):
        answer = await exchange(App(root=shop), "GET", asset.path)
        assert (answer.status, answer.field("cache-control")) == (200, "public, max-age=31536000, immutable")
        assert answer.field("content-type") == "text/javascript; charset=utf-8"
    for path in ("/LICENSE", "/_spica/", "/_spica", "/.manifest.json", "/.fetched"):
        assert (await exchange(App(root=shop), "GET", path)).status == 404
