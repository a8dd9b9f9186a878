"""Editors and type checkers know the path helpers of a generated application."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.processes import run_command

USES = """from app.paths import paths, urls

right: str = paths.root() + paths.post(7) + paths.edit_post(id=7) + urls.posts(page=2)
paths.psot(7)
paths.post()
"""


def make_blog(tmp_path: Path) -> Path:
    run_command("new", "blog", cwd=tmp_path)
    return tmp_path / "blog"


def test_a_new_project_has_them(tmp_path: Path) -> None:
    blog = make_blog(tmp_path)
    assert "    def root(self, **query: Any) -> str: ..." in (blog / "app/paths.pyi").read_text()
    assert run_command("routes", "--stub", cwd=blog).stdout == "nothing changed in app/paths.pyi\n"


def test_a_generator_that_draws_routes_refreshes_them(tmp_path: Path) -> None:
    blog = make_blog(tmp_path)
    assert "update  app/paths.pyi" in run_command("g", "scaffold", "Post", "title:string", cwd=blog).stdout
    again = run_command("g", "scaffold", "Post", "title:string", cwd=blog)
    assert "paths.pyi" not in again.stdout + again.stderr
    (blog / "uses.py").write_text(USES)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "uses.py"],
        cwd=blog,
        capture_output=True,
        text=True,
        timeout=240,
    )
    found = [line.split(": error: ")[0] for line in checked.stdout.splitlines() if ": error: " in line]
    assert found == ["uses.py:4", "uses.py:5"], checked.stdout + checked.stderr


def test_a_broken_application_keeps_the_old_ones(tmp_path: Path) -> None:
    blog = make_blog(tmp_path)
    before = (blog / "app/paths.pyi").read_text()
    (blog / "app/controllers/home_controller.py").write_text("def (:")
    done = run_command("g", "controller", "Pages", "about", cwd=blog)
    assert "app/paths.pyi stays as it was, because the application does not load" in done.stderr
    assert (blog / "app/paths.pyi").read_text() == before


def test_a_project_without_them_gets_none(tmp_path: Path) -> None:
    blog = make_blog(tmp_path)
    (blog / "app/paths.pyi").unlink()
    run_command("g", "controller", "Pages", "about", cwd=blog)
    assert not (blog / "app/paths.pyi").exists()
