"""spica assets: what each command writes, removes and says."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.assets.errors import AssetReferenceError
from spica.cli.commands import run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("config/routes.py", "main.py", "app/assets/app.css"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "app/assets/app.css").write_text("a { color: red }\n" * 100)
    monkeypatch.chdir(tmp_path / "config")
    return tmp_path


def test_build_list_and_clean(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["assets", "list"])
    assert capsys.readouterr().out == "app.css  not built\n"
    assert run(["assets", "build"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("app.css  /assets/app-")
    assert "1,700 octets, br " in said
    assert said.endswith("1 assets in public/assets\n")
    run(["assets", "list"])
    assert capsys.readouterr().out.startswith("app.css  /assets/app-")
    run(["assets", "clean"])
    assert capsys.readouterr().out == "0 files removed\n"
    run(["assets", "clean", "--all"])
    assert capsys.readouterr().out.endswith("\n4 files removed\n")
    assert list((project / "public").rglob("*")) == []


def test_a_mistake_in_a_stylesheet_is_raised(project: Path) -> None:
    (project / "app/assets/app.css").write_text("a{background:url(none.png)}")
    with pytest.raises(AssetReferenceError):
        run(["assets", "build"])


def test_without_assets(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app/assets/app.css").unlink()
    run(["assets", "list"])
    assert capsys.readouterr().out == "app/assets has no files\n"
