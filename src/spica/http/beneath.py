"""Files below a folder, where the visitor may choose the name."""

from __future__ import annotations

from pathlib import Path


def find_beneath(root: str | Path, name: str | Path) -> Path | None:
    """Find a regular file below a folder.

    Args:    root: the folder; name: relative to it, of any text.
    Returns: the file's path, None when there is no such file, or a way out of the folder (`..`, a link) leads to it.
    """
    text = str(name)
    if not text or "\0" in text or "\\" in text or text.startswith("/"):
        return None
    if ".." in text.split("/"):
        return None
    try:
        folder = Path(root).resolve(strict=True)
        found = (folder / text).resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return found if found.is_relative_to(folder) and found.is_file() else None
