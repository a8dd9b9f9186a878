"""Templates: HTML with Python expressions, compiled ahead of time to Python functions, escaped by context.

The stages, one file each: loader (files), syntaxes (text to nodes), inheritance (layouts), scopes and resolver (names),
html_state and html_context (where a value stands), codegen with generation, composition, parts, writer, output, loops
(nodes to a function), compiler, cache, compiled_files, runtime (the function at work), streaming, escaping, traceback,
errors. `engine.py` is the public face.

The names are loaded when they are first used: middleware imports `Safe` and must not pay for the compiler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spica.templates.block_cache import BlockCache
    from spica.templates.engine import Templates
    from spica.templates.functions import uses_context
    from spica.templates.runtime import Template
    from spica.templates.safe import Safe, raw

__all__ = ["BlockCache", "Safe", "Template", "Templates", "raw", "uses_context"]

_HOMES = {
    "BlockCache": "block_cache",
    "Safe": "safe",
    "Template": "runtime",
    "Templates": "engine",
    "raw": "safe",
    "uses_context": "functions",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
