"""config: config/*.toml, in every environment.

Rules: a variable or key that this machine lacks is a mistake in the environment that is checked; of another one nothing
can be said from here, as its machine has them. So CI checks the project, and `--env production` where it is deployed
checks that machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spica.checks.finding import Found
from spica.checks.project import Project
from spica.config.environment import ENVIRONMENTS
from spica.config.errors import ConfigurationError, Problem
from spica.config.loader import load
from spica.errors.base import SpicaError
from spica.secrets.errors import SecretsLocked
from spica.secrets.store import DEFAULT, SecretsFile
from spica.secrets.values import Secrets

_PLACE = re.compile(r"(.+):(\d+)")


def find(project: Project) -> Iterator[Found]:
    """Load the configuration of each environment; a mistake that several have is told once."""
    if not project.is_project:
        return
    told: set[tuple[str, str]] = set()
    for env in (project.env, *(name for name in ENVIRONMENTS if name != project.env)):
        for problem in _load(project, env):
            if (problem.where, problem.what) not in told:
                told.add((problem.where, problem.what))
                yield _describe(problem, env)


def _load(project: Project, env: str) -> list[Problem]:
    is_here = env == project.env
    try:
        load(project.root, env, secrets=None if is_here else _elsewhere(project, env))
    except ConfigurationError as error:
        return [problem for problem in error.problems if is_here or not problem.is_absent]
    except SecretsLocked as error:
        return [Problem("config", f"{env}: {error.what}", error.fix)]
    except SpicaError as error:
        return [Problem("config", error.what, error.fix)]
    except Exception as error:
        file, line = project.last_line(error)
        return [Problem(f"{file}:{line}" if line else "config", f"{type(error).__name__}: {error}")]
    return []


def _elsewhere(project: Project, env: str) -> Secrets | None:
    """The secrets of an environment of another machine: locked ones where this machine has no key for them."""
    file = SecretsFile(project.root, env)
    if not file.exists:
        file = SecretsFile(project.root, DEFAULT)
    return Secrets(refuse=file.refuse) if file.exists and not file.key_origin() else None


def _describe(problem: Problem, env: str) -> Found:
    place = _PLACE.fullmatch(problem.where)
    file, line = (place[1], int(place[2])) if place else (problem.where or "config", 0)
    return Found(file, line, problem.what, f"so {env} does not start", problem.fix, ConfigurationError.code)
