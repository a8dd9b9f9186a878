"""The stored text of every error of assets."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.assets import errors, shipped
from spica.assets.build import build_assets
from spica.assets.lookup import load_assets
from spica.errors import SpicaError

MESSAGES = {
    "UnknownAssetError": """\
SPICA-A030  there is no asset 'ap.css'
  why    ROOT/app/assets has no such file
  fix    did you mean 'app.css'?""",
    "AssetsNotBuiltError": """\
SPICA-A031  the assets are not built: app.css
  where  ROOT/app/assets
  why    production serves them under names that browsers keep, and compressed; there is no public/assets/.manifest.json
  fix    spica assets build""",
    "BrokenManifestError": """\
SPICA-A032  the manifest of the assets can't be read
  where  ROOT/public/assets/.manifest.json
  why    JSON is malformed: invalid character (byte 0)
  fix    make it again: spica assets build""",
    "AssetReferenceError": """\
SPICA-A033  there is no asset 'lgo.svg', which app.css names as 'lgo.svg'
  where  app/assets/app.css:1  a { background: url(lgo.svg) }
  why    relative addresses start from the stylesheet's folder in app/assets
  fix    put it there, or a public file at /lgo.svg""",
    "ShippedAssetMissing": """\
SPICA-A034  htmx.js is not part of this build of Spica
  where  ROOT
  why    it comes from npm and is fetched when Spica is built; nothing of it is in Spica's sources
  fix    run `make assets` in Spica's folder (it needs npm), or install Spica's wheel, which has it""",
}


def provoke(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = root / "app/assets/app.css"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("a { background: url(lgo.svg) }" if name == "AssetReferenceError" else "a {}")
    if name == "BrokenManifestError":
        (root / "public/assets").mkdir(parents=True)
        (root / "public/assets/.manifest.json").write_text("broken")
    if name == "ShippedAssetMissing":
        monkeypatch.setattr(shipped, "FOLDER", root)
        shipped.find_shipped("htmx.js")
    elif name == "AssetReferenceError":
        build_assets(root)
    elif name == "UnknownAssetError":
        load_assets(root, built=False).find("ap.css")
    else:
        load_assets(root, built=True)


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpicaError) as raised:
        provoke(name, tmp_path, monkeypatch)
    assert type(raised.value).__name__ == name
    text = str(raised.value).replace(str(tmp_path), "ROOT")
    assert "\n".join(line for line in text.splitlines() if not line.startswith("  docs")) == MESSAGES[name]


def test_every_error_has_one() -> None:
    known = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SpicaError)}
    assert {kind.__name__ for kind in known - {SpicaError}} == set(MESSAGES)
