"""spica build: what a server would make at its start, made ahead."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.app.project import load_renderer
from spica.cli.commands import run
from spica.templates import engine


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "config/routes.py": "", "main.py": "", "app/assets/app.css": "a {}",
        "app/views/home.html": "<p>{{ name }}{{ csrf_field() }}</p>", "app/components/card.html": "{% slot %}{% end %}",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / "config")
    return tmp_path


def test_a_server_in_production_compiles_nothing_after_it(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["build"]) == 0
    assert capsys.readouterr().out == "1 templates in tmp/cache/templates\n1 assets\n"
    monkeypatch.setattr(engine, "compile_template", None)
    assert load_renderer(project, reload=False).render_with("home", {"name": "<"}, None) == "<p>&lt;</p>"
    assert (project / "public/assets").is_dir()


def test_mistakes_are_told_all_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app/views/home.html").write_text("{% if %}")
    (project / "app/views/other.html").write_text("{{ x | uper }}")
    assert run(["build"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "home.html:1:6" in said.err
    assert "did you mean 'upper'?" in said.err


def test_a_folder_that_can_not_be_written_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "tmp").write_text("")
    assert run(["build"]) == 1
    assert "can't be written" in capsys.readouterr().err
