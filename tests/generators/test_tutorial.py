"""docs/tutorial/getting-started.md, followed word by word: its commands run, and the files it gives are written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import SPICA, Browser, run_command, serving

PAGE = Path(__file__).parents[2] / "docs/tutorial/getting-started.md"
STEP = re.compile(
    r"^```console\n(?P<commands>.*?)^```$|^`(?P<path>[\w/.]+)`:\n\n```python\n(?P<text>.*?)^```$", re.M | re.S
)
SERVERS = ("spica dev", "spica server")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blog at the end of the page; a command that fails fails the test."""
    folder = tmp_path_factory.mktemp("tutorial")
    for step in STEP.finditer(PAGE.read_text()):
        if step["path"]:
            (folder / step["path"]).write_text(step["text"])
            continue
        for line in step["commands"].splitlines():
            command = line.removeprefix("$ ")
            if command.startswith("cd "):
                folder /= command[3:]
            elif command not in SERVERS:
                run(command, folder)
    return folder


def run(command: str, folder: Path) -> None:
    """Run one line of the page with the commands of this environment."""
    name, *arguments = command.split()
    program = {"spica": [SPICA], "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]}[name]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [*program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_the_page_leads_to_a_blog_with_posts(followed: Path) -> None:
    model = (followed / "app/models/post.py").read_text()
    assert "length=(3, 200)" in model
    assert "summary: Text | None = None" in model
    assert len(list((followed / "db/migrations").glob("*.py"))) == 2


def test_every_piece_of_code_on_the_page_is_in_the_blog(followed: Path) -> None:
    controller = (followed / "app/controllers/posts_controller.py").read_text()
    quoted = [
        block for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S) if "self" in block
    ]
    assert len(quoted) == 2
    for block in quoted:
        for piece in block.rstrip().split("\n\n"):
            assert piece in controller


def test_what_it_says_of_production_serves_with_the_assets_that_were_built(followed: Path, tmp_path: Path) -> None:
    blog = shutil.copytree(followed, tmp_path / "blog", ignore=shutil.ignore_patterns("tmp", "public/assets"))
    section = PAGE.read_text().partition("## Serve it\n")[2].partition("\n## ")[0]
    environment: dict[str, str] = {}
    (block,) = re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)
    *commands, last = block.splitlines()
    assert last == "spica server"
    for command in commands:
        name, *arguments = command.split()
        if name == "export":
            environment.update([arguments[0].split("=")])
        else:
            assert name == "spica"
            run_command(*arguments, cwd=blog, **environment)
    with serving(blog, **environment) as server:
        browser = Browser(server.port)
        page = browser.page("/posts")
        assert "No posts yet." in page
        sheets = re.findall(r'href="(/assets/[^"]+-[0-9a-f]{16}\.css)"', page)
        assert sheets, page
        assert browser.request("GET", sheets[0])[1]["cache-control"].endswith("immutable")


def test_it_serves_them(followed: Path) -> None:
    with serving(followed) as server:
        assert "No posts yet." in Browser(server.port).page("/posts")
