"""Merging: from the tables of all files to one value a key for one environment, with its origin.

Rules: `[section.production]` wins over `[section]` in production and is checked, but not used, elsewhere. A key that is
set twice for the same environment is a mistake that names both places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from spica.config.environment import ENVIRONMENTS
from spica.config.errors import Problem
from spica.config.source import Source
from spica.errors.base import closest


class Setting(NamedTuple):
    """A value as a file has it, and where."""

    value: Any
    where: str


class _Entry(NamedTuple):
    section: str
    env: str | None
    key: str
    setting: Setting


def merge(
    sources: Iterable[Source], known: Mapping[str, frozenset[str]], env: str
) -> tuple[dict[str, dict[str, Setting]], list[Problem]]:
    """Choose the value of each key.

    Args:    sources: the files, in order; known: the keys of each section; env: the environment.
    Returns: settings by section and key, and every problem with names: unknown sections and keys, keys set twice.
    """
    problems: list[Problem] = []
    chosen: dict[tuple[str, str | None, str], Setting] = {}
    for source in sources:
        for entry in _entries(source, known, problems):
            earlier = chosen.setdefault((entry.section, entry.env, entry.key), entry.setting)
            if earlier is not entry.setting:
                what = f"{entry.key!r} in [{_title(entry.section, entry.env)}] is set already in {earlier.where}"
                problems.append(Problem(entry.setting.where, what, "keep one of them"))
    merged: dict[str, dict[str, Setting]] = {section: {} for section in known}
    for wanted in (None, env):
        for (section, its_env, key), setting in chosen.items():
            if its_env == wanted:
                merged[section][key] = setting
    return merged, problems


def _entries(source: Source, known: Mapping[str, frozenset[str]], problems: list[Problem]) -> Iterator[_Entry]:
    for section, table in source.tables.items():
        if not isinstance(table, dict):
            what = f"{section!r} stands outside of a section"
            problems.append(Problem(source.where(section), what, "put it under a header such as [app]"))
        elif section not in known:
            what = f"[{section}] is not a section"
            problems.append(Problem(source.where(section), what, _suggest(section, known)))
        else:
            yield from _section_entries(source, section, table, known[section], problems)


def _section_entries(
    source: Source, section: str, table: dict[str, Any], keys: frozenset[str], problems: list[Problem]
) -> Iterator[_Entry]:
    for key, value in table.items():
        if key in ENVIRONMENTS and key not in keys and isinstance(value, dict):
            for inner_key, inner in value.items():
                where = source.where(section, key, inner_key)
                if inner_key in keys:
                    yield _Entry(section, key, inner_key, Setting(inner, where))
                else:
                    problems.append(_unknown_key(where, inner_key, _title(section, key), keys))
        elif key in keys:
            yield _Entry(section, None, key, Setting(value, source.where(section, key)))
        else:
            options = keys | frozenset(ENVIRONMENTS) if isinstance(value, dict) else keys
            problems.append(_unknown_key(source.where(section, key), key, section, options))


def _unknown_key(where: str, key: str, title: str, options: Iterable[str]) -> Problem:
    return Problem(where, f"[{title}] has no key {key!r}", _suggest(key, options))


def _suggest(word: str, options: Iterable[str]) -> str:
    names = sorted(options)
    near = closest(word, names)
    return f"did you mean {' or '.join(near)}?" if near else f"it may be {', '.join(names)}"


def _title(section: str, env: str | None) -> str:
    return f"{section}.{env}" if env else section
