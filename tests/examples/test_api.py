"""examples/api as its README tells: checked, its own tests, and every curl against a server on a real socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import run_command, serving

EXAMPLE = Path(__file__).parents[2] / "examples" / "api"
MADE = shutil.ignore_patterns("data", "tmp", "*.sqlite3*", "__pycache__", "schema.py")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
# Each answer is followed by a line with its status, on standard error so that `$(curl …)` reads the answer alone.
SHELL = """set -eu
curl() { command curl --silent --show-error --max-time 60 --write-out '%{stderr}%{http_code} %{url}\\n' "$@"; }
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy: the example itself is not written to."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "api", ignore=MADE))


def run_its_tests(example: Path) -> None:
    """Run the tests of an example as its author would."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=example,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_tests_pass(example: Path) -> None:
    run_its_tests(example)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands need curl")
def test_every_command_of_the_readme_does_what_it_says(example: Path) -> None:
    run_command("db", "migrate", cwd=example)
    assert run_command("check", "--strict", cwd=example).stdout == "nothing found\n"
    commands = "".join(BLOCK.findall((example / "README.md").read_text()))
    with serving(example) as server:
        script = SHELL + commands.replace("http://127.0.0.1:3000", server.url)
        done = subprocess.run(
            ["sh", "-c", script], cwd=example, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr
    statuses = [line[:3] for line in done.stderr.splitlines() if server.url in line and line[:3].isdigit()]
    assert " ".join(statuses) == "201 201 200 201 200 201 200 200 206 200 422 200 204", done.stderr
    said = done.stdout
    assert "password_hash" not in said
    assert "# Shelf: an API in 300 lines" in said, "the download"
    assert "event: file\nid: 1\n" in said or "id: 1\nevent: file\n" in said
    assert said.count('"source":"body"') == 2, "both mistakes"
    assert '"openapi": "3.1' in said
