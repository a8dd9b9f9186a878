"""`spica new`: make a project."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spica.cli.report import apply_and_report
from spica.generators.errors import FolderNotEmpty
from spica.generators.kinds.project import plan_project

# What may lie in a folder that is to become a project: an empty repository or virtual environment is no one's work.
_IGNORED = frozenset([".git", ".venv", ".DS_Store"])
_SHOWN = 5


def new(
    folder: Annotated[str, Parameter(name="NAME")],
    /,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> int:
    """Make a new project in a folder of that name.

    For example:

        spica new blog

        spica new .           (in the current folder)

    Parameters
    ----------
    folder
        The folder to make; its last part names the project.
    force
        Go on where the folder holds files; those that differ are shown and overwritten.
    dry_run
        Show what would be made and write nothing.
    """
    root = Path(folder).resolve()
    plan = plan_project(root.name)
    if not force:
        check_empty(root)
    code = apply_and_report(plan, root, force=force, dry_run=dry_run)
    if not dry_run:
        enter = "" if root == Path.cwd() else f"cd {shlex.quote(folder)} && "
        print(f"\nReady. Now: {enter}spica dev")
    return code


def check_empty(root: Path) -> None:
    """Refuse a folder that holds files.

    Raises:  FolderNotEmpty, naming some of them.
    """
    if root.is_file():
        raise FolderNotEmpty(f"{root} is a file", fix="choose another name")
    present = sorted(path.name for path in root.iterdir() if path.name not in _IGNORED) if root.is_dir() else []
    if present:
        more = f" and {len(present) - _SHOWN} more" if len(present) > _SHOWN else ""
        raise FolderNotEmpty(
            f"{root} is not empty; nothing was written",
            why=f"it holds {', '.join(present[:_SHOWN])}{more}",
            fix="choose another name, or --force to go on: it shows and overwrites what differs",
        )
