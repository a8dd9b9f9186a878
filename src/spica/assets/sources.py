"""The sources: which files of `app/assets` are assets, under which names.

Rules of this file:
- A name is the path below the folder, with `/`; files and folders whose names begin with a dot are none.
- Symbolic links count as what they lead to; links between folders are not followed.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path("app/assets")
OUTPUT = Path("public/assets")
PREFIX = "/assets/"


def list_sources(folder: Path) -> list[str]:
    """List the names of all assets, sorted; [] without the folder."""
    names: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(place).relative_to(folder)
        names.extend((below / name).as_posix() for name in files if not name.startswith("."))
    return sorted(names)


def find_source(folder: Path, name: str) -> Path | None:
    """The file of a name; None when the folder has none of it, also for names that lead out of it or are hidden."""
    if not name or "\0" in name or any(part in ("", "..") or part.startswith(".") for part in name.split("/")):
        return None
    path = folder / name
    return path if path.is_file() else None
