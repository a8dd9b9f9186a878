"""mypy and pyright on blog.py: what they know of models, and which mistakes they find before the program runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
BLOG = FOLDER / "blog.py"
SOURCES = Path(__file__).parents[2] / "src"
WRONG = {number for number, line in enumerate(BLOG.read_text().splitlines(), 1) if line.endswith("# wrong")}


def lines_of_mypy() -> dict[int, str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--output", "json", "--config-file", ""]
    run = subprocess.run(
        [*command, "--follow-imports", "silent", "--cache-dir", "/dev/null", BLOG],
        capture_output=True,
        text=True,
        env={"MYPYPATH": str(SOURCES), "PATH": ""},
        timeout=170,
    )
    assert not run.stderr, run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {one["line"]: one["message"] for one in found if one["severity"] == "error"}


def lines_of_pyright(folder: Path) -> dict[int, str]:
    shutil.copy(BLOG, folder)
    settings = {"extraPaths": [str(SOURCES)], "reportMissingModuleSource": False}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["pyright", "--outputjson", "--pythonpath", sys.executable, "--project", folder]
    run = subprocess.run(command, capture_output=True, text=True, timeout=170)
    if not run.stdout.startswith("{"):
        pytest.skip(f"pyright could not fetch its program: {(run.stderr or run.stdout)[-200:]}")
    found = json.loads(run.stdout)["generalDiagnostics"]
    return {one["range"]["start"]["line"] + 1: one["message"] for one in found if one["severity"] == "error"}


def test_there_are_mistakes_to_find() -> None:
    assert len(WRONG) >= 15


def test_mypy_knows_models() -> None:
    found = lines_of_mypy()
    assert {line: message for line, message in found.items() if line not in WRONG} == {}
    assert found.keys() == WRONG


@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not installed")
def test_pyright_knows_models(tmp_path: Path) -> None:
    found = lines_of_pyright(tmp_path)
    assert {line: message for line, message in found.items() if line not in WRONG} == {}
    assert found.keys() == WRONG
