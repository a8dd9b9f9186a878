"""The models by name, so that relations can name classes of modules that import each other.

Rules of this file:
- Models are held weakly: a class that nobody uses any more is not found any more.
- Of several with one name, that of the asking module is meant; then the only one.
  A module that was loaded again replaces its models.
"""

from __future__ import annotations

import sys
from typing import Any
from weakref import ref

from spica.errors import closest
from spica.orm.errors import ModelDefinitionError

_models: dict[str, list[ref[Any]]] = {}


def register_model(model: Any) -> None:
    """Make a model known by its name."""
    alive = [known for known in _models.get(model.__name__, []) if known() is not None]
    _models[model.__name__] = [*alive, ref(model)]


def list_models() -> list[Any]:
    """List the models that there are."""
    return [model for known in _models.values() for one in known if (model := one()) is not None]


def known_model(name: str, module: str) -> Any:
    """Find a model that a module has already, for a class that is just being made there; None when it has none."""
    newest = {model.__module__: model for known in _models.get(name, []) if (model := known()) is not None}
    return newest.get(module) or getattr(sys.modules.get(module), name, None)


def find_model(name: str, asking: Any, where: str = "") -> Any:
    """Find the model that another one means by a name.

    Args:    asking: the model whose relation names it; where: the relation, for messages.
    Raises:  ModelDefinitionError with near matches, or with the candidates when there are several.
    """
    module = asking.__module__
    named = getattr(sys.modules.get(module), name, None)
    if hasattr(named, "__schema__"):
        return named
    newest = {model.__module__: model for known in _models.get(name, []) if (model := known()) is not None}
    if module in newest:
        return newest[module]
    if len(newest) == 1:
        return next(iter(newest.values()))
    if newest:
        raise ModelDefinitionError(
            f"there are several models called {name}: in {', '.join(sorted(newest))}",
            where=where,
            fix=f"import the one that is meant into {module}",
        )
    names = [known for known, models in _models.items() if any(model() is not None for model in models)]
    near = closest(name, names)
    raise ModelDefinitionError(
        f"there is no model {name}",
        where=where,
        why="a relation's target is looked up among the models that were imported",
        fix=f"did you mean {near[0]}?" if near else f"import the module that has class {name}(Model)",
    )
