"""The project that is checked: loaded once, as far as it can be, for all checks."""

from __future__ import annotations

import traceback
from functools import cached_property
from pathlib import Path

from spica.app.application import App
from spica.app.helpers import HELPERS, PAGE_VALUES
from spica.app.project import VIEWS
from spica.checks.python_files import PythonFile, read_python_files
from spica.errors.base import SpicaError
from spica.server.target import load_app
from spica.templates.engine import Templates


class Project:
    """A project, or an application in one file.

    Args:    root: its folder; env: the environment that is checked, its full name; target: module:name, None for the
             usual ones.
    """

    def __init__(self, root: Path, env: str, target: str | None = None) -> None:
        self.root = root
        self.env = env
        self._target = target

    @cached_property
    def loaded(self) -> App | Exception:
        """The compiled application, or what stopped it."""
        try:
            app = load_app(self._target, self.root)
            app.compiled  # noqa: B018 - compiles
        except SystemExit as end:
            return RuntimeError(f"the application ended Python while it was imported (exit code {end.code})")
        except Exception as error:
            return error
        return app

    @cached_property
    def python_files(self) -> list[PythonFile]:
        """The project's Python."""
        return read_python_files(self.root)

    @cached_property
    def templates(self) -> Templates:
        """The project's templates, with the helpers that they are rendered with."""
        return Templates(self.root / VIEWS, globals=HELPERS, of_request=PAGE_VALUES)

    @property
    def is_project(self) -> bool:
        """Whether this is a project, and not an application in one file."""
        return (self.root / "config").is_dir()

    def relative(self, path: str | Path) -> str:
        """A path as it is reported: relative to the project where it is inside."""
        found = Path(path)
        return found.relative_to(self.root).as_posix() if found.is_relative_to(self.root) else str(path)

    def last_line(self, error: BaseException) -> tuple[str, int]:
        """The last place in the project's own code that an exception came through; ("", 0) when there is none."""
        if isinstance(error, SyntaxError) and error.filename:
            return self.relative(error.filename), error.lineno or 0
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).is_relative_to(self.root) and ".venv" not in Path(frame.filename).parts:
                return self.relative(frame.filename), frame.lineno or 0
        return "", 0


def first_line(error: SpicaError | Exception) -> str:
    """What happened, in one line."""
    if isinstance(error, SpicaError):
        return error.what
    return f"{type(error).__name__}: {error}".splitlines()[0]
