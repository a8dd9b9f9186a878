"""docs/how-to/sign-users-in.md, followed word by word: its commands run, its files are written, its tests pass."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.processes import SPICA, run_command

PAGE = Path(__file__).parents[2] / "docs/how-to/sign-users-in.md"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:# |\{# )(\S+)(?: #\})?\n")


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project at the end of the page, before its tests run."""
    folder = tmp_path_factory.mktemp("club")
    for found in BLOCK.finditer(PAGE.read_text()):
        content = textwrap.dedent(found[3])
        if found[2] == "sh":
            for line in content.splitlines():
                if line.startswith("cd "):
                    folder /= line[3:]
                elif line != "spica test":
                    run_command(*shlex.split(line)[1:], cwd=folder)
        elif path := FILE.match(content):
            file = folder / path[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content[path.end() :])
    return folder


def test_its_tests_pass(club: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [SPICA, "test"], cwd=club, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_check_finds_nothing(club: Path) -> None:
    run_command("check", "--strict", cwd=club)
