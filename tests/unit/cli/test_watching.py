"""What counts as a change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spica.cli.watching import compare, look, settle


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in [
        "main.py",
        "config/app.toml",
        "app/models/post.py",
        "app/views/a.html",
        ".venv/lib/x.py",
        "tmp/y.py",
        "tests/t.py",
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    return tmp_path


def test_only_what_a_restart_takes_in_is_watched_and_views(project: Path) -> None:
    assert sorted(look(project)) == ["app/models/post.py", "app/views/a.html", "config/app.toml", "main.py"]


def test_changed_added_and_removed_files_are_changes(project: Path) -> None:
    before = look(project)
    os.utime(project / "main.py", ns=(1, 1))
    (project / "app/models/tag.py").touch()
    (project / "config/app.toml").unlink()
    assert compare(before, look(project)) == ["app/models/tag.py", "config/app.toml", "main.py"]


def test_a_change_of_the_text_within_one_tick_of_the_clock_is_seen_by_its_size(project: Path) -> None:
    path = project / "main.py"
    stamp = path.stat().st_mtime_ns
    before = look(project)
    path.write_text("longer")
    os.utime(path, ns=(stamp, stamp))
    assert compare(before, look(project)) == ["main.py"]


def test_the_same_look_twice_is_settled(project: Path) -> None:
    assert settle(project) == look(project)
