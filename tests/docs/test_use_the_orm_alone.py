"""The code of docs/how-to/use-the-orm-alone.md as it stands there: as a script, as cells, under uvicorn."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spica import db
from spica.db.engine import use
from tests.ports import reserved_port

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-orm-alone.md"
SOURCES = Path(__file__).parents[2] / "src"
SCRIPT, CELL, API = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the script and the API, and nothing of an application."""
    (tmp_path / "notes.py").write_text(SCRIPT)
    (tmp_path / "api.py").write_text(API)
    return tmp_path


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCES)}


def test_the_script(folder: Path) -> None:
    for printed in (["1 Buy tea"], ["2 Buy tea", "1 Buy tea"]):
        run = subprocess.run(
            [sys.executable, "notes.py"], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
        )
        assert (run.stdout.splitlines(), run.stderr) == (printed, "")


def test_the_cells_of_a_notebook(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    names: dict[str, Any] = {}
    previous = use(None)

    async def run() -> None:
        for _ in range(2):  # a cell may be run again
            waiting = eval(compile(CELL, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
            await waiting
        await db.current().close()

    try:
        asyncio.run(run())
    finally:
        use(previous)
        sys.modules.pop("notes", None)
    assert names["open_notes"] == ["From a notebook"] * 2
    assert names["note"].id == 2


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    """The API under uvicorn; gives its address."""
    with reserved_port() as port:
        command = [sys.executable, "-m", "uvicorn", "api:app", "--port", str(port), "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
        try:
            for _ in range(600):
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.1)  # until it listens: uvicorn says so to nobody
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            _, problems = process.communicate(timeout=300)
        assert "Traceback" not in problems, problems


def ask(url: str, values: dict[str, Any] | None = None) -> tuple[int, Any]:
    data = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def test_fastapi_under_uvicorn(server: str) -> None:
    assert ask(f"{server}/notes", {"text": "Hi"}) == (201, {"id": 1, "text": "Hi"})
    status, shown = ask(f"{server}/notes/1")
    assert (status, shown["text"], shown["done"]) == (200, "Hi", False)
    assert ask(f"{server}/notes/9") == (404, {"detail": "no such note"})
    status, refused = ask(f"{server}/notes", {"text": "x" * 201})
    assert status == 422
    assert refused["detail"]["text"] == ["is too long (maximum is 200 characters)"]
