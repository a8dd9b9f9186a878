"""Pages of the documentation, followed word by word: their commands run, their files are written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path

from tests.processes import SPICA, run_command

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:# |// |\{# )(\S+)(?: #\})?\n")


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """The page's blocks in their order: language and content."""
    for found in _BLOCK.finditer(page.read_text()):
        yield found[2], textwrap.dedent(found[3])


def follow(page: Path, folder: Path, *, without: Collection[str] = ("server", "console")) -> Path:
    """Do what a page says. Args: without: commands that are left out. Returns the folder of the project."""
    for language, content in blocks(page):
        if language == "sh":
            for line in content.splitlines():
                words = shlex.split(line)
                if words[0] == "cd":
                    folder /= words[1]
                elif words[1] == "test" and "test" not in without:
                    run_tests(folder)
                elif words[1] not in without:
                    run_command(*words[1:], cwd=folder)
        elif language != "toml" and (path := FILE.match(content)):
            file = folder / path[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            # A file that has a line for its path in the page has none in the project.
            file.write_text(content[path.end() :])
    return folder


def run_tests(folder: Path) -> None:
    """Run the project's own tests; some must be there, and all must pass."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [SPICA, "test"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
