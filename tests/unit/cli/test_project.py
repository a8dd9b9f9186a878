"""The project around a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.cli.errors import NotInProject
from spica.cli.project import find_project


def test_it_is_found_from_a_folder_inside(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/routes.py").touch()
    (tmp_path / "main.py").touch()
    inside = tmp_path / "app/views"
    inside.mkdir(parents=True)
    assert find_project(inside) == tmp_path.resolve()


def test_main_py_alone_makes_no_project(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    with pytest.raises(NotInProject):
        find_project(tmp_path)
