"""spica maintenance: the file comes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.cli import maintenance
from spica.cli.commands import run
from spica.cli.errors import NotInProject
from spica.middleware.maintenance import FILE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/routes.py").touch()
    (tmp_path / "main.py").touch()
    monkeypatch.chdir(tmp_path / "config")
    return tmp_path


def test_the_command_and_the_middleware_mean_the_same_file() -> None:
    assert maintenance.FILE == FILE


def test_on_status_off(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / FILE
    run(["maintenance", "status"])
    assert capsys.readouterr().out == "off\n"
    assert run(["maintenance", "on", "Back at noon"]) == 0
    assert file.read_text() == "Back at noon"
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    run(["maintenance", "status"])
    assert capsys.readouterr().out.endswith("on: Back at noon\n")
    assert (run(["maintenance", "off"]), run(["maintenance", "off"])) == (0, 0)
    assert not file.exists()


def test_another_file_is_named(project: Path) -> None:
    run(["maintenance", "on", "--file", "down.txt"])
    assert (project / "down.txt").read_text() == ""
    run(["maintenance", "off", "--file", "down.txt"])
    assert not (project / "down.txt").exists()


def test_outside_of_a_project_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotInProject):
        run(["maintenance", "on"])
