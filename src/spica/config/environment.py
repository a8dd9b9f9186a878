"""The environment: development, test or production, from SPICA_ENV."""

from __future__ import annotations

import os

from spica.config.errors import UnknownEnvironment
from spica.errors.base import closest

ENVIRONMENTS = ("development", "test", "production")
_ALIASES = {"dev": "development", "prod": "production"}


def environment_name(env: str | None = None) -> str:
    """Return the full name of an environment.

    Args:    env: a name or one of the aliases dev and prod; None reads SPICA_ENV, and development when that is unset.
    Raises:  UnknownEnvironment for any other name.
    """
    name = env or os.environ.get("SPICA_ENV") or "development"
    full = _ALIASES.get(name.lower(), name.lower())
    if full not in ENVIRONMENTS:
        near = closest(full, [*ENVIRONMENTS, *_ALIASES])
        raise UnknownEnvironment(
            f"{name!r} is not an environment",
            why="there are development, test and production",
            fix=f"did you mean {near[0]}?" if near else "set SPICA_ENV to one of them",
        )
    return full
