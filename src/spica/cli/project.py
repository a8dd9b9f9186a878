"""The project in which a command is run."""

from __future__ import annotations

from pathlib import Path

from spica.cli.errors import NotInProject

MARKS = ("config/routes.py", "main.py")


def find_project(start: Path | None = None) -> Path:
    """Find the project around a folder.

    Args:    start: where to begin, default the current folder; its parents are tried in turn.
    Returns: the nearest folder with main.py and config/routes.py.
    Raises:  NotInProject.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if all((folder / mark).is_file() for mark in MARKS):
            return folder
    raise NotInProject(
        f"there is no Spica project in {here}",
        why=f"neither it nor a folder above it has {' and '.join(MARKS)}",
        fix="go into your project, or make one: spica new blog",
    )
