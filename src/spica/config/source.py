"""One configuration file: its tables, and the line of each key, so that a mistake can be pointed at.

The TOML library keeps no positions; `find_lines` reads the headers and keys again. It knows the forms people write
(tables, dotted and quoted keys, multi-line strings); a key it misses is reported with its file alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spica.config.errors import Problem

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_LINE_IN_MESSAGE = re.compile(r"\s*\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file as read: its name for messages, its tables, the line of each key by path."""

    name: str
    tables: dict[str, Any]
    lines: dict[tuple[str, ...], int]

    def where(self, *path: str) -> str:
        """Return "config/app.toml:3" for a key; the file alone when the line isn't known."""
        line = self.lines.get(path)
        return f"{self.name}:{line}" if line else self.name


def read_source(path: Path, root: Path) -> Source | Problem:
    """Read and parse a file; a Problem when it is unreadable or not TOML."""
    import tomllib  # here, not above: an application in one file has no configuration files

    name = path.relative_to(root).as_posix()
    try:
        text = path.read_text("utf-8")
        return Source(name, tomllib.loads(text), find_lines(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        line = _LINE_IN_MESSAGE.search(message)
        where = f"{name}:{line.group(1)}" if line else name
        return Problem(where, f"not valid TOML: {_LINE_IN_MESSAGE.sub('', message)}")
    except (OSError, UnicodeDecodeError) as error:
        return Problem(name, f"can't be read: {error}")


def find_lines(text: str) -> dict[tuple[str, ...], int]:
    """Map the path of each table and key to its line, from 1; the first one of a repeated path."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    open_quote = ""
    for number, line in enumerate(text.splitlines(), 1):
        if open_quote:
            open_quote = "" if open_quote in line else open_quote
            continue
        if header := _HEADER.match(line):
            table = _split(header.group(1))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = (*table, *_split(key.group(1)))
            for end in range(len(table) + 1, len(path) + 1):
                lines.setdefault(path[:end], number)
            open_quote = _opens_string(line[key.end() :])
    return lines


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _opens_string(value: str) -> str:
    """Return the quotes of a multi-line string that begins here and doesn't end here, else ""."""
    for quotes in ('"""', "'''"):
        if value.strip().startswith(quotes) and value.count(quotes) == 1:
            return quotes
    return ""
