"""The models of a project: every module under app/models, imported."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

FOLDER = "app/models"


def load_models(root: Path) -> list[Any]:
    """Import the models of a project.

    Args:    root: its folder; put on sys.path.
    Returns: the model classes that these modules define, by module and name.
    Raises:  what a module raises.
    """
    # Lazy: only projects with models load the ORM.
    from spica.orm import Model

    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    models = []
    for path in sorted((root / FOLDER).rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        module = importlib.import_module(name)
        models += [
            value
            for _, value in sorted(vars(module).items())
            if inspect.isclass(value) and issubclass(value, Model) and value.__module__ == module.__name__
        ]
    return models
