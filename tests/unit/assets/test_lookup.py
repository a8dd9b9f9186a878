"""Names of assets: their addresses from the sources and from the manifest, and names that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.assets import shipped
from spica.assets.build import build_assets, integrity
from spica.assets.errors import AssetsNotBuiltError, ShippedAssetMissing, UnknownAssetError
from spica.assets.lookup import asset_path, load_assets, use_assets
from spica.assets.manifest import Asset


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "app/assets"
    folder.mkdir(parents=True)
    (folder / "app.css").write_text("a {}")
    (folder / "a b.svg").write_text("<svg/>")
    (folder / ".hidden").write_text("x")
    (tmp_path / "app/secret.py").write_text("x")
    return tmp_path


def test_sources_are_looked_for_each_time(project: Path) -> None:
    assets = load_assets(project, built=False)
    assert (assets.find("app.css").path, assets.find("app.css").integrity) == ("/assets/app.css", "")
    assert assets.find("a b.svg").path == "/assets/a%20b.svg"
    with pytest.raises(UnknownAssetError):
        assets.find("new.js")
    (project / "app/assets/new.js").touch()
    assert assets.find("new.js").path == "/assets/new.js"


@pytest.mark.parametrize(
    "name", ["", "../secret.py", "x/../app.css", ".hidden", "/app.css", "app.css/", "a\0b", "app.cs"]
)
@pytest.mark.parametrize("built", [True, False])
def test_names_that_are_none(project: Path, name: str, built: bool) -> None:
    build_assets(project)
    with pytest.raises(UnknownAssetError):
        load_assets(project, built=built).find(name)


def test_production_finds_what_was_built(project: Path) -> None:
    with pytest.raises(AssetsNotBuiltError, match=r"a b\.svg and 1 more"):
        load_assets(project, built=True)
    build_assets(project)
    assets = load_assets(project, built=True)
    assert assets.find("app.css").path.startswith("/assets/app-")
    assert assets.find("app.css").integrity.startswith("sha384-")
    assert assets.names() == ["a b.svg", "app.css"]
    (project / "app/assets/new.js").touch()
    with pytest.raises(UnknownAssetError) as refused:
        assets.find("app.cs")
    assert refused.value.fix == "did you mean 'app.css'? after adding it: spica assets build"


def test_a_project_without_assets_needs_no_build(tmp_path: Path) -> None:
    assert load_assets(tmp_path, built=True).names() == []


def test_asset_path_asks_the_application_that_is_served(project: Path) -> None:
    use_assets(load_assets(project, built=False))
    assert asset_path("app.css") == "/assets/app.css"


def test_a_script_that_was_not_fetched_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(ShippedAssetMissing) as refused:
        shipped.find_shipped("htmx.js")
    assert "make assets" in refused.value.fix


def find_file(asset: Asset) -> Path:
    """The file of a script that comes with Spica, which has its siblings."""
    (file,) = (file for folder in shipped.PUBLIC if (file := folder / asset.path.removeprefix("/")).is_file())
    for suffix in ("br", "gz", "zst"):
        assert file.with_name(f"{file.name}.{suffix}").is_file()
    return file


def test_htmx_is_shipped_with_its_siblings() -> None:
    text = find_file(shipped.find_shipped(shipped.HTMX)).read_text()
    assert 'version="4.' in text or "version:" in text
    assert "X-CSRF-Token" in text


def test_phoenix_is_shipped_as_a_module() -> None:
    asset = shipped.shipped_modules()["phoenix"]
    text = find_file(asset).read_text()
    assert asset.integrity == integrity(text.encode())
    assert "phx_join" in text
    assert "export const { Channel, LongPoll, Presence, Serializer, Socket } = Phoenix;" in text
