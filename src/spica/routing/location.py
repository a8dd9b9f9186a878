"""Where in the user's code something was declared."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Location(NamedTuple):
    """A file and a line in it; its text is relative to the working directory where that is shorter."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{_shorten(self.file, os.getcwd())}:{self.line}"


@lru_cache(maxsize=256)
def _shorten(file: str, folder: str) -> str:
    """A file's path in a folder; the whole one elsewhere. Every route has a place, and few files declare them."""
    path = Path(file)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else file


def locate_caller() -> Location:
    """Find the nearest caller outside of Spica: the line of a routes file, or of a module with an app."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("spica."):
        frame = frame.f_back
    return Location(frame.f_code.co_filename, frame.f_lineno)


def locate_callable(target: Callable[..., object]) -> Location | None:
    """Find where a function was defined; None for one that isn't written in Python."""
    while hasattr(target, "__wrapped__"):
        target = target.__wrapped__
    function = target if hasattr(target, "__code__") else type(target).__call__
    code = getattr(function, "__code__", None)
    return Location(code.co_filename, code.co_firstlineno) if code is not None else None
