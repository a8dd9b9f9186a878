"""Merging: from the tables of all files to one value a key for one environment, with its origin.

Rules: `[section.production]` wins over `[section]` in production and is checked, but not used, elsewhere. A key that is
set twice for the same environment is a mistake that names both places. A section inside a section, `[server.tls]`, is
known by its whole title, "server.tls"; `[server.tls.production]` and `[server.production.tls]` are the same.
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
    is_text: bool = False  # of an environment variable: text whatever it stands for


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
            options = [title for title in known if "." not in title]
            problems.append(Problem(source.where(section), what, suggest(section, options)))
        else:
            yield from _Table(source, known, problems).entries((section,), table, section, None)


class _Table(NamedTuple):
    """Walks one table of a file and those inside it."""

    source: Source
    known: Mapping[str, frozenset[str]]
    problems: list[Problem]

    def entries(self, path: tuple[str, ...], table: dict[str, Any], section: str, env: str | None) -> Iterator[_Entry]:
        """Yield the settings of a table. path: where it stands in the file; section, env: whose settings they are."""
        keys = self.known[section]
        for key, value in table.items():
            inner = f"{section}.{key}"
            where = self.source.where(*path, key)
            if inner in self.known:
                if isinstance(value, dict):
                    yield from self.entries((*path, key), value, inner, env)
                else:
                    what = f"[{_title(section, env)}] {key} is a section"
                    self.problems.append(Problem(where, what, f"write its keys under [{inner}]"))
            elif env is None and key in ENVIRONMENTS and key not in keys and isinstance(value, dict):
                yield from self.entries((*path, key), value, section, key)
            elif key in keys:
                yield _Entry(section, env, key, Setting(value, where))
            else:
                options = set(keys)
                if isinstance(value, dict):
                    options |= {title.rpartition(".")[2] for title in self.known if title.startswith(f"{section}.")}
                    options |= set() if env else set(ENVIRONMENTS)
                self.problems.append(_unknown_key(where, key, _title(section, env), options))


def _unknown_key(where: str, key: str, title: str, options: Iterable[str]) -> Problem:
    return Problem(where, f"[{title}] has no key {key!r}", suggest(key, options))


def suggest(word: str, options: Iterable[str]) -> str:
    """Say which of the names a misspelt one may stand for; all of them when none is near."""
    names = sorted(options)
    near = closest(word, names)
    return f"did you mean {' or '.join(near)}?" if near else f"it may be {', '.join(names)}"


def _title(section: str, env: str | None) -> str:
    return f"{section}.{env}" if env else section
