"""The application that a command works on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from spica.cli.errors import NotInProject
from spica.cli.project import find_project

if TYPE_CHECKING:
    from spica.app.application import App


def load_application(target: str | None = None, env: str | None = None) -> App:
    """Import the application of the project around the current folder, or the one that is named.

    Args:    target: module:name, None for main:app or app:app; env: sets SPICA_ENV first.
    Raises:  TargetError; what the application's modules raise.
    """
    # Lazy: importing the application loads the framework, which a mistyped command should not wait for.
    from spica.server.target import load_app

    if env:
        os.environ["SPICA_ENV"] = env
    return load_app(target, application_folder(target))


def application_folder(target: str | None) -> Path:
    """The folder to import the application from: that of the project around us, or the current one."""
    here = Path.cwd()
    if target is not None or (here / "app.py").is_file():
        return here
    try:
        return find_project(here)
    except NotInProject:
        return here  # TargetError of the loader says what is missing
