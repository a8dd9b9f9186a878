"""From `module:name`, as typed after `spica server`, to the application object."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from spica.app.application import App
from spica.errors.base import closest
from spica.server.errors import TargetError

# What is looked for, in this order, when nothing is named: a generated project's file, then a single-file app's.
DEFAULT_TARGETS = ("main:app", "app:app")


def load_app(target: str | None, folder: Path) -> App:
    """Import the application that `target` names.

    Args:    target: "module:name" or "module" (then the name is "app"); None looks for main.py and app.py;
             folder: put first on sys.path.
    Returns: the application.
    Raises:  TargetError: no such module or name, or it is no spica App. Errors inside the module are its own.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module_name, _, name = (target or _default_target(folder)).partition(":")
    name = name or "app"
    app = _attribute(_module(module_name, folder), name)
    if not isinstance(app, App):
        raise TargetError(
            f"{module_name}:{name} is {type(app).__name__!r}, not a spica App",
            fix="name the App object, or run other ASGI applications with an ASGI server: uvicorn "
            f"{module_name}:{name}",
        )
    return app


def _default_target(folder: Path) -> str:
    for target in DEFAULT_TARGETS:
        if (folder / f"{target.partition(':')[0]}.py").is_file():
            return target
    raise TargetError(
        f"no application in {folder}",
        why="there is no main.py or app.py here",
        fix="go to your project's folder, name it (spica server module:app), or make one: spica new blog",
    )


def _module(name: str, folder: Path) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that the application itself fails to find is the application's error, with its own traceback.
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
        near = closest(name, [path.stem for path in folder.glob("*.py")])
        raise TargetError(
            f"no module {name!r} in {folder}",
            fix=f"did you mean {near[0]}:app?" if near else "check the name; it is what `import` would take",
        ) from None


def _attribute(module: object, name: str) -> object:
    try:
        return getattr(module, name)
    except AttributeError:
        near = closest(name, vars(module))
        apps = [key for key, value in vars(module).items() if isinstance(value, App)]
        hint = apps or near
        raise TargetError(
            f"module {module.__name__!r} has no {name!r}",  # type: ignore[attr-defined]  # a module has a name
            where=str(getattr(module, "__file__", "")),
            fix=f"did you mean {module.__name__}:{hint[0]}?" if hint else "add: app = App()",  # type: ignore[attr-defined]
        ) from None
