"""`spica openapi`: printed, written, compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spica.cli.commands import run
from spica.cli.errors import UsageError

APP = """
from spica import App

app = App()


@app.get("/things")
def list_things() -> list[str]:
    return []
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "described.py").write_text(APP)
    return tmp_path


def test_it_is_printed_or_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["openapi", "described:app"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["paths"]["/things"]["get"]["operationId"] == "list_things"
    assert run(["openapi", "described:app", "--out", "api.json"]) == 0
    assert (folder / "api.json").read_text() == printed


def test_check_tells_how_a_file_differs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["openapi", "described:app", "--out", "api.json"]) == 0
    assert run(["openapi", "described:app", "--check", "api.json"]) == 0
    stored = (folder / "api.json").read_text()
    (folder / "api.json").write_text(stored.replace("list_things", "list_stuff"))
    assert run(["openapi", "described:app", "--check", "api.json"]) == 1
    told = capsys.readouterr()
    assert '-        "operationId": "list_stuff"' in told.out
    assert '+        "operationId": "list_things"' in told.out
    assert "spica openapi --out api.json" in told.err


def test_usage() -> None:
    with pytest.raises(UsageError, match=r"no file none\.json"):
        run(["openapi", "described:app", "--check", "none.json"])
    with pytest.raises(UsageError, match="exclude each other"):
        run(["openapi", "described:app", "--check", "a", "--out", "b"])


def test_a_file_whose_name_ends_so_is_yaml(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["openapi", "described:app", "--out", "api.yaml"]) == 0
    assert (folder / "api.yaml").read_text().startswith('openapi: "3.1.0"\n')
    assert run(["openapi", "described:app", "--check", "api.yaml"]) == 0
    (folder / "api.yaml").write_text("openapi: 2\n")
    assert run(["openapi", "described:app", "--check", "api.yaml"]) == 1
    assert "-openapi: 2" in capsys.readouterr().out
