"""Lookup: from `admin/orders#index` to `OrdersController.index` in app/controllers/admin/orders_controller.py."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spica.controllers.controller import Controller
from spica.controllers.errors import ActionNotFoundError, ControllerNotFoundError
from spica.controllers.filters import check_filters, find_filters, find_rescues
from spica.errors import closest

CONTROLLERS = Path("app/controllers")
_SUFFIX = "_controller"


class ActionRef(NamedTuple):
    """A controller's class, the name of its action, and the folder of its templates (`admin/orders`)."""

    controller: type[Controller]
    action: str
    views: str


class ControllerLookup:
    """Finds the controllers of a project by convention; each module is imported once.

    Args:    root: the project's folder, which is on sys.path.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: dict[str, tuple[type[Controller], list[str]]] = {}

    def find(self, target: str, where: object) -> ActionRef:
        """Find what a route's target names.

        Args:    target: `folder/controller#action`; where: the route's place, for errors.
        Raises:  ControllerNotFoundError, ActionNotFoundError, FilterError, with near matches; what importing raises.
        """
        path, _, action = target.partition("#")
        if path not in self._found:
            loaded = self._load(path, where)
            self._found[path] = loaded, list_actions(loaded)
        controller, actions = self._found[path]
        if action not in actions:
            near = closest(action, actions)
            raise ActionNotFoundError(
                f"{controller.__name__} has no action {action!r}",
                where=f"{where}\n{self._file(path)}",
                why=f"its public methods are {', '.join(sorted(actions)) or '(none)'}",
                fix=f"did you mean {path}#{near[0]}?" if near else f"define `async def {action}(self):` there",
            )
        return ActionRef(controller, action, path)

    def list_controllers(self) -> list[str]:
        """Name all controllers of the project as routes do: `posts`, `admin/orders`."""
        folder = self._root / CONTROLLERS
        files = folder.rglob(f"*{_SUFFIX}.py")
        return sorted(str(file.relative_to(folder).as_posix()).removesuffix(f"{_SUFFIX}.py") for file in files)

    def _load(self, path: str, where: object) -> type[Controller]:
        file = self._file(path)
        class_name = "".join(part.title() for part in path.rpartition("/")[2].split("_")) + "Controller"
        if not (self._root / file).is_file():
            near = closest(path, self.list_controllers())
            raise ControllerNotFoundError(
                f"there is no controller {path!r}",
                where=str(where),
                why=f"the file {file} doesn't exist",
                fix=f"did you mean {near[0]}#…?" if near else f"run: spica g controller {path}",
            )
        module = importlib.import_module(".".join(file.with_suffix("").parts))
        found = getattr(module, class_name, None)
        if not (isinstance(found, type) and issubclass(found, Controller)):
            near = closest(class_name, vars(module))
            raise ControllerNotFoundError(
                f"{file} defines no controller {class_name}",
                where=str(where),
                why="the class is found by its name, and must be a Controller",
                fix=f"rename {near[0]}" if near else f"write `class {class_name}(ApplicationController):` there",
            )
        check_filters(found, list_actions(found))
        return found

    def _file(self, path: str) -> Path:
        return CONTROLLERS / f"{path}{_SUFFIX}.py"


def list_actions(controller: type[Controller]) -> list[str]:
    """Name a controller's actions: its public functions, those of project base classes included, filters not."""
    filters = {method.__name__ for method, _ in find_filters(controller)}
    filters |= {found.method.__name__ for found in find_rescues(controller)}
    return sorted(set(_public_functions(controller)) - filters)


def _public_functions(controller: type[Controller]) -> Iterator[str]:
    for cls in controller.__mro__:
        if cls is Controller:  # what stands above is Spica's
            return
        for name, member in vars(cls).items():
            if inspect.isfunction(member) and not name.startswith("_") and not hasattr(Controller, name):
                yield name
