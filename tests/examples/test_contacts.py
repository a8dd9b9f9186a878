"""examples/contacts as its README tells: checked, its own tests, and every curl against a server on a real socket."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.examples.test_api import BLOCK, MADE, SHELL, run_its_tests
from tests.processes import run_command, serving

EXAMPLE = Path(__file__).parents[2] / "examples" / "contacts"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy: the example itself is not written to."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "contacts", ignore=MADE))


def test_its_own_tests_pass(example: Path) -> None:
    run_its_tests(example)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands need curl")
def test_every_command_of_the_readme_does_what_it_says(example: Path) -> None:
    run_command("db", "migrate", cwd=example)
    run_command("db", "seed", cwd=example)
    assert run_command("check", "--strict", cwd=example).stdout == "nothing found\n"
    commands = "; echo NEXT\n".join(BLOCK.findall((example / "README.md").read_text()))
    with serving(example) as server:
        script = SHELL + commands.replace("http://127.0.0.1:3000", server.url).replace("\n; echo", "\necho")
        done = subprocess.run(
            ["sh", "-c", script], cwd=example, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr
    page, rows, more, form, restored = done.stdout.split("NEXT\n")
    assert page.startswith("<!doctype html>")
    assert page.count("<li id=") == 5
    assert rows.count("<li id=") == 5
    assert "<html" not in rows
    assert '<hx-partial hx-target="#count" hx-swap="innerHTML">5 contacts</hx-partial>' in rows
    assert more.count("<li id=") == 10
    assert "page=3" in more
    assert form.count("<li id=") == 1
    assert 'name="contact[email]"' in form
    assert restored.startswith("<!doctype html>")
