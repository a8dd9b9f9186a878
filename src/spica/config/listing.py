"""The configuration as rows: each key with its value and where that comes from, secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from spica.config.in_force import IN_FORCE
from spica.config.interpolation import list_references
from spica.config.loader import Loaded
from spica.config.merge import Setting
from spica.config.own_sections import inner_sections
from spica.config.section import is_marked, show
from spica.config.settings import SECTIONS
from spica.telemetry.redaction import HIDDEN

DEFAULT = "default"


class ConfigRow(NamedTuple):
    """One key: section, "server.tls" for one inside another; the value as it may be shown; where it comes from."""

    section: str
    key: str
    value: Any
    source: str


def list_rows(loaded: Loaded) -> list[ConfigRow]:
    """List every key of every section, in the order of their fields."""
    settings = loaded.settings
    sections = {**{title: getattr(settings, title) for title in SECTIONS}, **settings.extra}
    return [row for title, section in sections.items() for row in _section_rows(title, section, loaded)]


def render_config(rows: list[ConfigRow]) -> str:
    """Lay the rows out as TOML with the source of each value as a comment."""
    lines: list[str] = []
    width = min(max((len(_line(row)) for row in rows), default=0), 60)
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            lines += [*([""] if lines else []), f"[{section}]"]
        lines.append(f"{_line(row):<{width}}  # {row.source}")
    return "\n".join(lines)


def _line(row: ConfigRow) -> str:
    return f"{row.key} = {msgspec.json.encode(row.value).decode()}"


def _section_rows(title: str, section: msgspec.Struct, loaded: Loaded) -> Iterator[ConfigRow]:
    inner = inner_sections(type(section))
    for field in msgspec.structs.fields(section):
        if field.encode_name in inner:
            continue
        setting = loaded.merged[title].get(field.encode_name)
        value = getattr(section, field.name)
        stands_for = IN_FORCE.get((title, field.encode_name))
        if setting is None and stands_for is not None:
            value = stands_for(loaded.settings)
        shown = show(field.name, value, is_marked=is_marked(field.type))
        hide = setting is not None and value not in ("", []) and _is_from_secrets(setting.value)
        yield ConfigRow(
            title, field.encode_name, HIDDEN if hide else shown, _source(title, field.name, setting, loaded)
        )
    for key in inner:
        yield from _section_rows(f"{title}.{key}", getattr(section, key), loaded)


def _source(title: str, name: str, setting: Setting | None, loaded: Loaded) -> str:
    is_made = (title, name) == ("app", "secret_key") and loaded.settings.env != "production"
    if is_made and (setting is None or not loaded.settings.app.secret_keys or _is_made(loaded)):
        return f"made for this machine, tmp/{loaded.settings.env}_secret_key"
    if setting is None:
        return DEFAULT
    names = sorted(set(_references(setting.value)))
    return f"{setting.where} ({', '.join(names)})" if names and not setting.is_text else setting.where


def _is_made(loaded: Loaded) -> bool:
    """Whether the secret key is the one that development made, though a file names a variable that is empty."""
    root = loaded.settings.root
    path = root / "tmp" / f"{loaded.settings.env}_secret_key" if root is not None else None
    return path is not None and path.is_file() and path.read_text("ascii").strip() == loaded.settings.app.secret_key


def _references(value: Any) -> list[str]:
    if isinstance(value, str):
        return list_references(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [name for part in parts for name in _references(part)]


def _is_from_secrets(value: Any) -> bool:
    return any(name.startswith("secrets.") for name in _references(value))
