"""Loading: config/*.toml into Settings, or every mistake in them at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from spica.config.development_key import development_key
from spica.config.environment import environment_name
from spica.config.errors import ConfigurationError, Problem
from spica.config.interpolation import Unset, interpolate
from spica.config.merge import Setting, merge
from spica.config.settings import SECTIONS, AppSection, Settings
from spica.config.source import Source, read_source

_MAKE_KEY = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def load(
    root: Path,
    env: str | None = None,
    *,
    sections: Mapping[str, type[msgspec.Struct]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Load the configuration of a project.

    Args:    root: the project's folder; env: an environment, None for SPICA_ENV; sections: Structs for sections of your
             own, by name; environ: the environment variables, default those of the process.
    Returns: the settings. Outside of production an app without a secret key gets one of its own, kept in tmp/.
    Raises:  ConfigurationError with every mistake: files that aren't TOML, unknown sections and keys, wrong types,
             variables that aren't set, no secret key in production; UnknownEnvironment.
    """
    name = environment_name(env)
    known = {**SECTIONS, **(sections or {})}
    sources, problems = _read(root)
    merged, name_problems = merge(sources, {title: _keys(struct) for title, struct in known.items()}, name)
    problems += name_problems
    variables = os.environ if environ is None else environ
    built = {title: _build(title, struct, merged[title], variables, problems) for title, struct in known.items()}
    app = built["app"]
    if isinstance(app, AppSection) and not app.secret_keys:
        built["app"] = _with_key(app, root, name, problems, merged["app"])
    if problems:
        raise ConfigurationError(sorted(problems, key=_position))
    return Settings(
        env=name,
        root=root,
        **{title: built[title] for title in SECTIONS},
        extra={title: section for title, section in built.items() if title not in SECTIONS and section is not None},
    )


def _read(root: Path) -> tuple[list[Source], list[Problem]]:
    sources: list[Source] = []
    problems: list[Problem] = []
    for path in sorted((root / "config").glob("*.toml")):
        result = read_source(path, root)
        if isinstance(result, Source):
            sources.append(result)
        else:
            problems.append(result)
    return sources, problems


def _keys(struct: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(struct))


def _build(
    title: str,
    struct: type[msgspec.Struct],
    settings: Mapping[str, Setting],
    environ: Mapping[str, str],
    problems: list[Problem],
) -> Any:
    """Convert one section; None, with the problems noted, when it can't be."""
    values: dict[str, Any] = {}
    before = len(problems)
    for field in msgspec.structs.fields(struct):
        setting = settings.get(field.encode_name)
        if setting is None:
            if field.required:
                problems.append(
                    Problem("", f"[{title}] lacks {field.encode_name!r}", f"add it to [{title}] in config/")
                )
            continue
        try:
            value = _resolve(setting.value, environ)
            if value not in ("", []):
                # A value made of variables is text whatever it stands for, so only it may be read as a number or bool.
                values[field.name] = msgspec.convert(value, field.type, strict=value == setting.value)
        except Unset as unset:
            what = f"[{title}] {field.encode_name} needs the environment variable {unset.name}, which is not set"
            problems.append(Problem(setting.where, what, _fix_for_unset(field.encode_name, unset.name)))
        except msgspec.ValidationError as error:
            problems.append(Problem(setting.where, f"[{title}] {field.encode_name}: {error}"))
    return None if len(problems) > before else struct(**values)


def _resolve(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return interpolate(value, environ)
    if isinstance(value, list):
        return [_resolve(item, environ) for item in value]
    if isinstance(value, dict):
        return {key: _resolve(item, environ) for key, item in value.items()}
    return value


def _with_key(
    app: AppSection, root: Path, env: str, problems: list[Problem], settings: Mapping[str, Setting]
) -> AppSection:
    if env != "production":
        return msgspec.structs.replace(app, secret_key=development_key(root, env))
    where = settings["secret_key"].where if "secret_key" in settings else ""
    what = "[app] secret_key is missing, and production does not start without one"
    problems.append(
        Problem(
            where,
            what,
            f"{_MAKE_KEY} and put it into the environment as SPICA_SECRET_KEY,"
            ' with secret_key = "${SPICA_SECRET_KEY}" under [app.production]',
        )
    )
    return app


def _fix_for_unset(key: str, variable: str) -> str:
    if key == "secret_key":
        return f"{_MAKE_KEY}, keep it as {variable}"
    return f'export {variable}=..., or give it a default: "${{{variable}:-...}}"'


def _position(problem: Problem) -> tuple[str, int]:
    name, _, line = problem.where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (problem.where, 0)
