"""Routing: routes as they are declared, the table they become, and the helpers that build paths from it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spica.routing.converters import converter
    from spica.routing.declare import Routes
    from spica.routing.router import Router
    from spica.routing.urls import paths, urls

__all__ = ["Router", "Routes", "converter", "paths", "urls"]

# Loaded when first used: an application in one file has no use for the vocabulary of routes files.
_HOMES = {
    "Router": "spica.routing.router",
    "Routes": "spica.routing.declare",
    "converter": "spica.routing.converters",
    "paths": "spica.routing.urls",
    "urls": "spica.routing.urls",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
