"""Templates: HTML with Python expressions, compiled ahead of time to Python functions, escaped by context.

The stages, one file each: loader (files), syntaxes (text to nodes), inheritance (layouts), scopes and resolver (names),
html_context and escaping (where a value stands), codegen with writer and output (nodes to a function), compiler, cache,
runtime (the function at work), traceback, errors. `engine.py` is the public face.
"""

from spica.templates.engine import Templates
from spica.templates.functions import uses_context
from spica.templates.runtime import Template
from spica.templates.safe import Safe, raw

__all__ = ["Safe", "Template", "Templates", "raw", "uses_context"]
