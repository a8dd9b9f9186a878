"""Built single-page applications: their files, their index, and what is a 404 all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spica import App

HTML = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "dist/assets").mkdir(parents=True)
    (tmp_path / "dist/index.html").write_text("<div id=app></div>")
    (tmp_path / "dist/assets/main-0a1b2c3d.js").write_text("let a")
    return tmp_path / "dist"


@pytest.mark.parametrize("prefix", ["/shop", "/shop/", "/"])
async def test_files_and_index(dist: Path, exchange: Any, prefix: str) -> None:
    app, at = App(), prefix.rstrip("/")
    app.spa(prefix, dist)
    app.get("/api/{n:int}")(lambda n: {"n": n})
    script = await exchange(app, "GET", f"{at}/assets/main-0a1b2c3d.js")
    assert script.field("cache-control") == "public, max-age=31536000, immutable"
    for path in (f"{at}/", f"{at}/orders/7", f"{at}/orders/"):
        page = await exchange(app, "GET", path, headers=HTML)
        assert (page.status, page.field("content-length")) == (200, "18")
        assert page.field("cache-control") == "no-cache"
        assert page.field("content-type") == "text/html; charset=utf-8"
        assert page.field("x-content-type-options") == "nosniff"
    assert (await exchange(app, "GET", "/api/7", headers=HTML)).text == '{"n":7}'


async def test_what_is_no_page_of_it(dist: Path, exchange: Any) -> None:
    app = App()
    app.spa("/shop", dist)
    for path in ("/shop/assets/none.js", "/shop/x.png", "/shopping", "/", "/shop/../secret.txt"):
        assert (await exchange(app, "GET", path, headers=HTML)).status == 404, path
    assert (await exchange(app, "GET", "/shop/x", headers={"accept": "application/json"})).status == 404
    assert (await exchange(app, "POST", "/shop/x", headers=HTML)).status == 404


async def test_one_that_is_not_built_says_so(tmp_path: Path, exchange: Any) -> None:
    app = App()
    app.spa("/shop", tmp_path / "none")
    answer = await exchange(app, "GET", "/shop/x", headers=HTML)
    assert answer.status == 404
    assert "is not built" in answer.text
