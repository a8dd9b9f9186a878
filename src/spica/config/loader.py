"""Loading: config/*.toml into Settings, or every mistake in them at once."""

from __future__ import annotations

import os
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from spica.config.development_key import development_key
from spica.config.environment import environment_name
from spica.config.errors import ConfigurationError, Problem
from spica.config.interpolation import Unset, interpolate
from spica.config.merge import Setting, merge
from spica.config.server_settings import AWAITED
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
    known = dict(_with_inner({**SECTIONS, **(sections or {})}))
    sources, problems = _read(root)
    merged, name_problems = merge(sources, {title: _keys(struct) for title, struct in known.items()}, name)
    problems += name_problems
    variables = os.environ if environ is None else environ
    built: dict[str, Any] = {}
    for title, struct in known.items():
        values = _build(title, struct, merged[title], variables, problems)
        inner = {key: built[f"{title}.{key}"] for key in _inner(struct)}
        built[title] = struct(**values, **inner) if values is not None and None not in inner.values() else None
    app = built["app"]
    if isinstance(app, AppSection) and not app.secret_keys:
        built["app"] = _with_key(app, root, name, problems, merged["app"])
    if problems:
        raise ConfigurationError(sorted(problems, key=_position))
    return Settings(
        env=name,
        root=root,
        **{title: built[title] for title in SECTIONS},
        extra={title: built[title] for title in sections or {}},
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


def _inner(struct: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """The sections inside a section, by key."""
    return {
        field.encode_name: field.type
        for field in msgspec.structs.fields(struct)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }


def _with_inner(
    sections: Mapping[str, type[msgspec.Struct]],
) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Every section by its title, those inside another before it."""
    for title, struct in sections.items():
        yield from _with_inner({f"{title}.{key}": kind for key, kind in _inner(struct).items()})
        yield title, struct


def _keys(struct: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(struct)) - _inner(struct).keys()


def _build(
    title: str,
    struct: type[msgspec.Struct],
    settings: Mapping[str, Setting],
    environ: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, Any] | None:
    """Convert the values of one section; None, with the problems noted, when that can't be done."""
    values: dict[str, Any] = {}
    before = len(problems)
    keys = _keys(struct)
    for field in msgspec.structs.fields(struct):
        if field.encode_name not in keys:
            continue
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
                problems.extend(_awaited(title, field.encode_name, values[field.name], setting.where))
        except Unset as unset:
            what = f"[{title}] {field.encode_name} needs the environment variable {unset.name}, which is not set"
            problems.append(Problem(setting.where, what, _fix_for_unset(field.encode_name, unset.name)))
        except msgspec.ValidationError as error:
            fix = _choices(field.type) or _examples(field.type)
            problems.append(Problem(setting.where, f"[{title}] {field.encode_name}: {error}", fix))
    return None if len(problems) > before else values


def _awaited(title: str, key: str, value: Any, where: str) -> Iterator[Problem]:
    """Refuse to turn on what this version does not have: a setting that nobody acts on is a promise nobody keeps."""
    if value and (title, key) in AWAITED:
        lack, fix = AWAITED[title, key]
        yield Problem(where, f"[{title}] {key} can't be turned on: this version {lack}", fix)


def _choices(kind: Any) -> str:
    parts = (kind, *typing.get_args(kind))
    words = [word for part in parts for word in _words(part)]
    number = ["a number"] if any(int in (part, *typing.get_args(part)) for part in parts) else []
    return f"it may be {', '.join([*words, *number])}" if words else ""


def _examples(kind: Any) -> str:
    """Values to write, where a type has a form that its error would tell as a regular expression."""
    found = [str(example) for meta in getattr(kind, "__metadata__", ()) for example in meta.examples or ()]
    inner = next(filter(None, map(_examples, typing.get_args(kind))), "")
    return f"for example {', '.join(found)}" if found else inner


def _words(kind: Any) -> list[str]:
    return [str(word) for word in typing.get_args(kind)] if typing.get_origin(kind) is typing.Literal else []


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
