"""Configuration of an application: of a project's config/*.toml, or what an application in one file is given.

Rules of this file:
- Variables such as SPICA__PUBSUB__NAME win in both. Those of a section of a project's own mean nothing in one file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spica.config import loader
from spica.config.environment import environment_name
from spica.config.errors import ConfigurationError, Problem
from spica.config.overrides import PREFIX
from spica.config.settings import AppSection, PubsubSection, Settings
from spica.routing.location import Location


@dataclass(frozen=True, slots=True)
class Given:
    """What an application in one file is given, and the line that does; "" and None for nothing.

    `secret_key`, `url`: of [app]; `pubsub`: the url of [pubsub]; `config`: sections by name.
    """

    where: Location
    secret_key: str = ""
    url: str = ""
    pubsub: str = ""
    config: Mapping[str, Mapping[str, Any]] | None = None


def load_settings(root: Path | None, env: str | None, given: Given) -> Settings:
    """Load the settings of a project's folder, or make those of an application in one file.

    Raises: ConfigurationError.
    """
    if root is None and given.config is None and not any(name.upper().startswith(PREFIX) for name in os.environ):
        return Settings(
            env=environment_name(env),
            app=AppSection(secret_key=given.secret_key, url=given.url),
            pubsub=PubsubSection(url=given.pubsub),
        )
    if root is None:
        keywords = {"app": {"url": given.url}, "pubsub": {"url": given.pubsub}}
        named = {title: {key: value for key, value in one.items() if value} for title, one in keywords.items()}
        return loader.load_given([named, given.config or {}], env, where=str(given.where), secret_key=given.secret_key)
    if given.config is not None:
        what = "config= is for an application in one file, and this one has a folder"
        raise ConfigurationError([Problem(str(given.where), what, f"write it in {root / 'config'}/*.toml")])
    return loader.load(root, env)
