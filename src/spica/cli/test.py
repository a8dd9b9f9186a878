"""`spica test`: pytest, in the project's test environment."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from spica.cli.errors import PytestMissing
from spica.cli.project import find_project

# Options of a plugin that a test run can do without.
_PARALLEL = ("-n", "--numprocesses", "--dist")


def test(*arguments: Annotated[str, Parameter(name="PYTEST", allow_leading_hyphen=True)]) -> int:
    """Run the project's tests: pytest, with SPICA_ENV=test and all that is typed here.

    Every test has a database of its own. Besides what pytest takes, --spica-live lets the clients of all tests speak
    to the application over a socket, and -n runs tests on several cores.

    For example:

        spica test

        spica test tests/models -k title -x

        spica test -n auto
    """
    find_project()
    check_installed(arguments)
    environment = {**os.environ, "SPICA_ENV": "test"}
    # The user's own words, after a program of ours; and the exit code is pytest's.
    return subprocess.call([sys.executable, "-m", "pytest", *arguments], env=environment)  # noqa: S603


def check_installed(arguments: Sequence[str]) -> None:
    """Refuse to start without pytest and what the arguments need.

    Raises:  PytestMissing.
    """
    needed = ["pytest", "pytest_asyncio"]
    if any(word.partition("=")[0] in _PARALLEL or word[:2] == "-n" for word in arguments):
        needed.append("xdist")
    missing = next((name for name in needed if importlib.util.find_spec(name) is None), None)
    if missing is not None:
        package = {"xdist": "pytest-xdist"}.get(missing, missing.replace("_", "-"))
        raise PytestMissing(
            f"spica test needs {package}, which is not installed",
            where=sys.executable,
            why="what only tests need is an extra of Spica, so that production does without it",
            fix="pip install 'spica[test]'",
        )
