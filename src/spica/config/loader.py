"""Loading: config/*.toml, or what an application in one file gives, into Settings; or every mistake at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from spica.config.build import MAKE_KEY, Values, build_section
from spica.config.development_key import development_key
from spica.config.environment import environment_name
from spica.config.errors import ConfigurationError, Problem
from spica.config.merge import Setting, merge
from spica.config.overrides import apply_overrides, override_name, section_of
from spica.config.own_sections import find_sections, inner_sections, keys_of
from spica.config.settings import SECTIONS, AppSection, Kind, Settings
from spica.config.source import Source, read_source
from spica.secrets.values import Secrets


class Loaded(NamedTuple):
    """Settings, and what they were made of: the settings of files and variables, by section and key."""

    settings: Settings
    merged: Mapping[str, Mapping[str, Setting]]


_OF_SERVERS = ("server", "runtime")
_PRODUCTION = "secrets/production.toml.encrypted"


def load(
    root: Path,
    env: str | None = None,
    *,
    sections: Mapping[str, type[msgspec.Struct]] | None = None,
    environ: Mapping[str, str] | None = None,
    secrets: Secrets | None = None,
) -> Settings:
    """Load the configuration of a project.

    Args:    root: the project's folder; env: an environment, None for SPICA_ENV; sections: Structs for sections of your
             own, by name, besides those of config/settings.py; environ: the environment variables, default those of the
             process; secrets: instead of those of the encrypted file.
    Returns: the settings. Outside of production an app without a secret key gets one of its own, kept in tmp/.
    Raises:  ConfigurationError with every mistake: files that aren't TOML, unknown sections and keys, wrong types,
             variables and secrets that aren't there, no secret key in production; UnknownEnvironment; the errors of
             `spica.secrets` when the encrypted file can't be opened.
    """
    return load_traced(root, env, sections=sections, environ=environ, secrets=secrets).settings


def load_traced(
    root: Path,
    env: str | None = None,
    *,
    sections: Mapping[str, type[msgspec.Struct]] | None = None,
    environ: Mapping[str, str] | None = None,
    secrets: Secrets | None = None,
) -> Loaded:
    """Load the configuration and say where each value is from; see `load`."""
    name = environment_name(env)
    own = {**find_sections(root), **(sections or {})}
    known = dict(_with_inner({**SECTIONS, **own}))
    variables = os.environ if environ is None else environ
    sources, problems = _read(root)
    keys = {title: keys_of(struct) for title, struct in known.items()}
    merged, name_problems = merge(sources, keys, name)
    problems += name_problems + apply_overrides(merged, keys, variables)
    values = Values(variables, _load_secrets(root, name, variables) if secrets is None else secrets, _make_key(root))
    built = _build(known, merged, values, problems)
    app = built["app"]
    if isinstance(app, AppSection) and not app.secret_keys:
        built["app"] = _with_key(app, values.make_key, root, name, problems, merged["app"])
    if problems:
        raise ConfigurationError(sorted(problems, key=_position))
    settings = Settings(
        env=name,
        root=root,
        **{title: built[title] for title in SECTIONS},
        secrets=values.secrets,
        extra={title: built[title] for title in own},
    )
    return Loaded(settings, merged)


def load_section(
    root: Path, kind: type[Kind], env: str | None = None, *, environ: Mapping[str, str] | None = None
) -> Kind:
    """Load one section alone, whatever is wrong with the others: a machine of CI lacks what production has.

    Args:    root: the project's folder, which may have no config/; kind: the class of one of Spica's own sections,
             without sections inside and without secrets; env, environ: as of `load`.
    Raises:  ConfigurationError: mistakes in this section, and files that aren't TOML; UnknownEnvironment.
    """
    title = next(title for title, struct in SECTIONS.items() if struct is kind)
    keys = {title: keys_of(kind)}
    sources, problems = _read(root)
    alone = [replace(source, tables={title: source.tables[title]}) for source in sources if title in source.tables]
    merged, name_problems = merge(alone, keys, environment_name(env))
    variables = os.environ if environ is None else environ
    prefix = override_name(title, "")
    own = {name: value for name, value in variables.items() if name.upper().startswith(prefix)}
    problems += name_problems + apply_overrides(merged, keys, own)
    fields = build_section(title, kind, merged[title], Values(variables, Secrets()), problems)
    if fields is None or problems:
        raise ConfigurationError(sorted(problems, key=_position))
    return kind(**fields)


def load_given(
    tables: Sequence[Mapping[str, Any]],
    env: str | None = None,
    *,
    where: str,
    secret_key: str = "",
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Make the configuration of an application in one file.

    Args:    tables: sections by name, as TOML gives them, environments among them; a key is in one of them; env: as for
             `load`; where: the line that gives them; secret_key: that of [app], which is taken as it is; environ: the
             environment variables, default those of the process: those of sections of your own are left.
    Raises:  ConfigurationError, as `load`, and for the sections of the server: it is started by other means.
    """
    name = environment_name(env)
    problems = [
        Problem(
            where,
            f"[{title}] can't be given to App: the server is told before there is one",
            f"export {override_name(title, next(iter(one[title]), 'port'))}=..., or give it to spica server or app.run",
        )
        for one in tables
        for title in _OF_SERVERS
        if title in one
    ]
    own = [{title: table for title, table in one.items() if title not in _OF_SERVERS} for one in tables]
    known = dict(_with_inner(SECTIONS))
    keys = {title: keys_of(struct) for title, struct in known.items()}
    named = [{"app": {"secret_key": secret_key}}] if secret_key else []
    merged, name_problems = merge([Source(where, one, {}) for one in [*named, *own]], keys, name)
    variables = os.environ if environ is None else environ
    ours = {variable: value for variable, value in variables.items() if section_of(variable) in SECTIONS}
    problems += name_problems + apply_overrides(merged, keys, ours)
    # Without sections and variables the key is not judged here, so neither is it with them.
    is_taken = "secret_key" in merged["app"] and merged["app"]["secret_key"].value is secret_key
    if is_taken:
        del merged["app"]["secret_key"]
    built = _build(known, merged, Values(variables, Secrets()), problems)
    if problems:
        raise ConfigurationError(sorted(problems, key=_position))
    if is_taken:
        built["app"] = msgspec.structs.replace(built["app"], secret_key=secret_key)
    return Settings(env=name, **{title: built[title] for title in SECTIONS})


def find_place(settings: Settings, section: str, key: str) -> str:
    """Where a setting was written: "config/app.toml:3", or the variable that overrides it; "" for neither."""
    variable = override_name(section, key)
    if any(name.upper() == variable for name in os.environ):
        return variable
    if settings.root is None:
        return ""
    sources, _ = _read(settings.root)
    keys = {title: keys_of(struct) for title, struct in _with_inner(SECTIONS)}
    setting = merge(sources, keys, settings.env)[0][section].get(key)
    return "" if setting is None else setting.where


def _build(
    known: Mapping[str, type[msgspec.Struct]],
    merged: Mapping[str, Mapping[str, Setting]],
    values: Values,
    problems: list[Problem],
) -> dict[str, Any]:
    """Build every section, those inside another before it; one with a problem, which is noted, is None."""
    built: dict[str, Any] = {}
    for title, struct in known.items():
        fields = build_section(title, struct, merged[title], values, problems)
        inner = {key: built[f"{title}.{key}"] for key in inner_sections(struct)}
        built[title] = struct(**fields, **inner) if fields is not None and None not in inner.values() else None
    return built


def _load_secrets(root: Path, env: str, environ: Mapping[str, str]) -> Secrets:
    config = root / "config"
    if not any(os.path.lexists(config / name) for name in ("secrets.toml.encrypted", f"secrets/{env}.toml.encrypted")):
        return Secrets()
    # Lazy: a project without the file pays for none of what opens it.
    from spica.secrets.store import load_secrets

    return load_secrets(root, env, environ)


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


def _with_inner(
    sections: Mapping[str, type[msgspec.Struct]],
) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Every section by its title, those inside another before it."""
    for title, struct in sections.items():
        yield from _with_inner({f"{title}.{key}": kind for key, kind in inner_sections(struct).items()})
        yield title, struct


def _make_key(root: Path) -> str:
    """The command that makes a secret key: of production, unless all environments share one file."""
    files = [os.path.lexists(root / "config" / name) for name in ("secrets.toml.encrypted", _PRODUCTION)]
    return "spica secrets key" if files == [True, False] else MAKE_KEY


def _with_key(
    app: AppSection, make_key: str, root: Path, env: str, problems: list[Problem], settings: Mapping[str, Setting]
) -> AppSection:
    if env != "production":
        return msgspec.structs.replace(app, secret_key=development_key(root, env))
    where = settings["secret_key"].where if "secret_key" in settings else ""
    what = "[app] secret_key is missing, and production does not start without one"
    problems.append(
        Problem(
            where,
            what,
            'write secret_key = "${secrets.secret_key}" under [app.production] in config/app.toml, and make it: '
            f"{make_key}",
        )
    )
    return app


def _position(problem: Problem) -> tuple[str, int]:
    name, _, line = problem.where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (problem.where, 0)
