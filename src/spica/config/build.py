"""The values of one section: read as the types of its fields, with every mistake noted."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from spica.config.errors import Problem
from spica.config.hints import suggest_value
from spica.config.interpolation import Unset, interpolate
from spica.config.merge import Setting, suggest
from spica.config.own_sections import keys_of
from spica.config.server_settings import AWAITED
from spica.errors.base import SpicaError
from spica.secrets.errors import NoSuchSecret, SecretsLocked
from spica.secrets.values import Secrets

MAKE_KEY = "spica secrets key --env production"  # where all environments share one file, without --env


@dataclass(frozen=True, slots=True)
class Values:
    """Where values inside values come from: environment variables and the encrypted file.

    Args:    make_key: the command that adds a secret_key to that file.
    """

    environ: Mapping[str, str]
    secrets: Secrets
    make_key: str = MAKE_KEY

    def resolve(self, value: Any) -> Any:
        """Replace the references in a value; items of a list that become empty are left out.

        Raises: Unset for a variable; NoSuchSecret, SecretsLocked.
        """
        if isinstance(value, str):
            return interpolate(value, self.environ, self._secret)
        if isinstance(value, list):
            pairs = [(item, self.resolve(item)) for item in value]
            return [resolved for item, resolved in pairs if resolved != "" or item == ""]
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        return value

    def _secret(self, name: str, has_default: bool) -> str | None:
        try:
            value = self.secrets.find(name)
        except (NoSuchSecret, SecretsLocked):
            if has_default:
                return None
            raise
        if isinstance(value, Secrets | list):
            raise NoSuchSecret(f"the secret {name!r} is a table or a list, not a value", fix="name a value inside it")
        return str(value).lower() if isinstance(value, bool) else str(value)


def build_section(
    title: str, struct: type[msgspec.Struct], settings: Mapping[str, Setting], values: Values, problems: list[Problem]
) -> dict[str, Any] | None:
    """Convert the values of one section; None, with the problems noted, when that can't be done."""
    built: dict[str, Any] = {}
    before = len(problems)
    keys = keys_of(struct)
    for field in msgspec.structs.fields(struct):
        key = field.encode_name
        if key not in keys:
            continue
        setting = settings.get(key)
        if setting is None:
            if field.required:
                problems.append(Problem("", f"[{title}] lacks {key!r}", f"add it to [{title}] in config/"))
            continue
        try:
            value = setting.value if setting.is_text else values.resolve(setting.value)
            if value not in ("", []):
                built[field.name] = _convert(value, field.type, setting)
                problems.extend(_awaited(title, key, built[field.name], setting.where))
        except Unset as unset:
            what = f"[{title}] {key} needs the environment variable {unset.name}, which is not set"
            problems.append(Problem(setting.where, what, _fix_for_unset(unset.name), True))
        except SpicaError as error:
            is_unmade = key == "secret_key" and isinstance(error, NoSuchSecret)  # not made yet, as in a fresh project
            fix = values.make_key if is_unmade else error.fix
            is_absent = is_unmade or isinstance(error, SecretsLocked)
            problems.append(Problem(setting.where, f"[{title}] {key}: {error.what}", fix, is_absent))
        except msgspec.ValidationError as error:
            misspelt = list(_misspelt(title, field, setting))
            told = Problem(setting.where, f"[{title}] {key}: {error}", suggest_value(key, field, setting))
            problems.extend(misspelt or [told])
    return None if len(problems) > before else built


def _convert(value: Any, kind: Any, setting: Setting) -> Any:
    if not setting.is_text:
        # A value made of variables is text whatever it stands for, so only it may be read as a number or bool.
        return msgspec.convert(value, kind, strict=value == setting.value)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        if not _takes_list(kind):
            raise
        return msgspec.convert(_parse_list(value), kind, strict=False)


def _takes_list(kind: Any) -> bool:
    return any(list in (typing.get_origin(part), part) for part in (kind, *typing.get_args(kind)))


def _parse_list(text: str) -> Any:
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.toml.decode(f"value = {text}")["value"]
    except (msgspec.DecodeError, KeyError) as error:
        raise msgspec.ValidationError(f"not a list: {error}") from None


def _awaited(title: str, key: str, value: Any, where: str) -> Iterator[Problem]:
    """Refuse to turn on what this version does not have: a setting that nobody acts on is a promise nobody keeps."""
    if value and (title, key) in AWAITED:
        lack, fix = AWAITED[title, key]
        yield Problem(where, f"[{title}] {key} can't be turned on: this version {lack}", fix)


def _misspelt(title: str, field: msgspec.structs.FieldInfo, setting: Setting) -> Iterator[Problem]:
    """The unknown keys in a list of tables, as `certificates` of [server.tls] is one."""
    structs = [kind for kind in typing.get_args(field.type) if isinstance(kind, type)]
    if not (structs and issubclass(structs[0], msgspec.Struct) and isinstance(setting.value, list)):
        return
    known = keys_of(structs[0])
    for number, table in enumerate(setting.value, 1):
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                what = f"[{title}] {field.encode_name}, entry {number}, has no key {key!r}"
                yield Problem(setting.where, what, suggest(key, known))


def _fix_for_unset(variable: str) -> str:
    return f'export {variable}=..., or give it a default: "${{{variable}:-...}}"'
