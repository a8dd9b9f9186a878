"""Elements of assets: attributes, integrity, nonces, and names that would run a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from spica.app.asset_tags import htmx_script, image_tag, importmap_tag, script_tag, stylesheet_tag
from spica.assets import shipped
from spica.assets.build import build_assets
from spica.assets.errors import UnknownAssetError
from spica.assets.lookup import BuiltAssets, load_assets, use_assets
from spica.http.context import ContextServices
from tests.requests import make_context

NONCES = ContextServices(nonce_policies=(("content-security-policy", "script-src 'nonce-{nonce}'"),))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "app/assets"
    (folder / "js").mkdir(parents=True)
    for name in ("app.css", "js/app.js", "js/cart.mjs", "logo.svg"):
        (folder / name).write_text("/**/")
    use_assets(load_assets(tmp_path, built=False))
    yield tmp_path
    use_assets(BuiltAssets({}))


def test_while_developing(project: Path) -> None:
    assert stylesheet_tag(None, "app.css", media="print") == (
        '<link rel="stylesheet" href="/assets/app.css" media="print">'
    )
    assert script_tag(None, "js/app.js") == '<script src="/assets/js/app.js" defer></script>'
    assert script_tag(None, "js/app.js", defer=False, module=True) == (
        '<script src="/assets/js/app.js" type="module"></script>'
    )
    assert image_tag("logo.svg", alt='A "b"', width=9) == ('<img src="/assets/logo.svg" alt="A &#34;b&#34;" width="9">')
    with pytest.raises(UnknownAssetError):
        stylesheet_tag(None, "ap.css")


def test_built_assets_have_their_integrity(project: Path) -> None:
    build_assets(project)
    use_assets(load_assets(project, built=True))
    assert re.fullmatch(
        r'<link rel="stylesheet" href="/assets/app-[0-9a-f]{16}.css" integrity="sha384-[\w+/=]+">',
        stylesheet_tag(None, "app.css"),
    )
    assert 'integrity="sha384-' in script_tag(None, "js/app.js")
    assert 'src="/assets/logo-' in image_tag("logo.svg", alt="")


def test_modules_find_each_other_by_name(project: Path) -> None:
    build_assets(project)
    use_assets(load_assets(project, built=True))
    ctx = make_context(services=NONCES)
    found = re.fullmatch(r'<script type="importmap" nonce="([\w-]{22})">(.*)</script>', importmap_tag(ctx))
    assert found is not None
    content = json.loads(found[2])
    assert set(content["imports"]) == {"/assets/js/app.js", "/assets/js/cart.mjs", "phoenix"}
    assert content["imports"]["/assets/js/cart.mjs"].startswith("/assets/js/cart-")
    assert set(content["integrity"]) == set(content["imports"].values())
    assert all(value.startswith("sha384-") for value in content["integrity"].values())


def test_what_comes_with_spica_is_imported_by_its_name(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.fullmatch(r'<script type="importmap">(.*)</script>', importmap_tag(None))
    assert found is not None
    content = json.loads(found[1])
    assert list(content["imports"]) == ["phoenix"], "sources keep their names while developing"
    assert re.fullmatch(r"/_spica/phoenix-[0-9a-f]{16}\.js", content["imports"]["phoenix"])
    monkeypatch.setattr(shipped, "FOLDER", project)
    assert importmap_tag(None) == "", "this Spica was built without npm, and no asset was built"


def test_addresses_stay(project: Path) -> None:
    assert 'href="https://cdn.example/x.css"' in stylesheet_tag(None, "https://cdn.example/x.css")
    assert image_tag("/uploads/1.png?a=1&b", alt="") == '<img src="/uploads/1.png?a=1&amp;b" alt="">'
    for hostile in ("javascript:alert(1)", "data:text/html,x"):
        with pytest.raises(ValueError, match="would run"):
            image_tag(hostile, alt="")


def test_a_nonce_where_it_is_asked_for(project: Path) -> None:
    ctx = make_context(services=NONCES)
    first, second = script_tag(ctx, "js/app.js", nonce=True), stylesheet_tag(ctx, "app.css", nonce=True)
    nonces = re.findall(r'nonce="([\w-]{22})"', unescape(first + second))
    assert len(nonces) == 2
    assert nonces[0] == nonces[1], "one a page"
    assert "nonce" not in script_tag(None, "js/app.js", nonce=True), "no policy asks for one"


def test_htmx_script() -> None:
    assert re.fullmatch(
        r'<script src="/_spica/htmx-[0-9a-f]{16}\.js" integrity="sha384-[\w+/=]+" defer></script>', htmx_script(None)
    )
