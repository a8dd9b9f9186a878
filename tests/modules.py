"""Modules of projects that tests write: each has a package `app`, and none may see another's."""

from __future__ import annotations

import importlib
import sys


def forget_app() -> None:
    """Forget every module of a project that was loaded, and what the import system remembers of its folders."""
    for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
        del sys.modules[name]
    importlib.invalidate_caches()
