"""Placeholders: hand-written SQL with `:name` as the text that a server's driver takes.

Rules of this file:
- Only the text is rewritten, never with a value. What is in quotes, in a comment or after "::" is left as it is, and so
  is a colon that follows a letter or a digit (`tags[1:2]`).
- What a quote means depends on the database: in PostgreSQL, backslashes escape in E'...' only, there are dollar quotes,
  and comments may have others inside. In MariaDB and MySQL backslashes escape in all quotes but backticks, and comments
  begin with "#", or with "--" and a space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from spica.db.driver import Parameters
from spica.db.errors import BadValue

_NAME = r"(?<![:\w\\]):(?P<name>[A-Za-z_]\w*)"
_COMMON = (r'"(?:[^"]|"")*(?:"|$)', r"--[^\n]*", r"::")
_POSTGRESQL = re.compile(
    "|".join(
        (
            r"(?<!\w)[eE]'(?:[^'\\]|\\.|'')*(?:'|$)",
            r"'(?:[^']|'')*(?:'|$)",
            r"(?<!\w)\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|$)",
            r"(?P<comment>/\*)",
            *_COMMON,
            _NAME,
        )
    ),
    re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_MYSQL = re.compile(
    "|".join(
        (
            r"'(?:[^'\\]|\\.|'')*(?:'|$)",
            r'"(?:[^"\\]|\\.|"")*(?:"|$)',
            r"`(?:[^`]|``)*(?:`|$)",
            r"--(?=[\s\x00-\x20]|$)[^\n]*",
            r"#[^\n]*",
            r"/\*.*?(?:\*/|$)",
            _NAME,
        )
    ),
    re.DOTALL,
)


class Rewritten(NamedTuple):
    """A statement with positional placeholders, and the names of their values in order."""

    sql: str
    names: tuple[str, ...]


@lru_cache(maxsize=1_024)
def rewrite_for_postgresql(sql: str) -> Rewritten:
    """Rewrite `:name` as `$1`; the same name is the same number.

    Args:    sql: one statement.
    Returns: the text, and the name that each number stands for.
    """
    parts: list[str] = []
    numbers: dict[str, int] = {}
    position = 0
    while (found := _POSTGRESQL.search(sql, position)) is not None:
        parts.append(sql[position : found.start()])
        position = found.end()
        if found["name"]:
            parts.append(f"${numbers.setdefault(found['name'], len(numbers) + 1)}")
        elif found["comment"]:
            position = _end_of_comment(sql, position)
            parts.append(sql[found.start() : position])
        else:
            parts.append(found[0])
    parts.append(sql[position:])
    return Rewritten("".join(parts), tuple(numbers))


@lru_cache(maxsize=1_024)
def rewrite_for_mysql(sql: str) -> Rewritten:
    """Rewrite `:name` as `?`, each time it comes.

    Args:    sql: one statement.
    Returns: the text, and the names in the order of their placeholders.
    """
    names: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if not found["name"]:
            return found[0]
        names.append(found["name"])
        return "?"

    return Rewritten(_MYSQL.sub(replace, sql), tuple(names))


def place_values(sql: str, parameters: Parameters) -> tuple[str, Sequence[object]]:
    """Make values by name into values by position, and the statement with them.

    Returns: the statement for PostgreSQL and its values; both as they are when the values are by position already.
    Raises:  BadValue when a value is missing.
    """
    return _place(rewrite_for_postgresql, sql, parameters)


def place_values_for_mysql(sql: str, parameters: Parameters) -> tuple[str, Sequence[object]]:
    """Do what `place_values` does, for MariaDB and MySQL."""
    return _place(rewrite_for_mysql, sql, parameters)


def _place(rewrite: Callable[[str], Rewritten], sql: str, parameters: Parameters) -> tuple[str, Sequence[object]]:
    if not isinstance(parameters, Mapping):
        return sql, parameters
    rewritten = rewrite(sql)
    try:
        return rewritten.sql, [parameters[name] for name in rewritten.names]
    except KeyError as missing:
        raise build_missing(missing.args[0], sql) from None


def build_missing(name: str, sql: str) -> BadValue:
    """Build the error for a placeholder that was given no value."""
    return BadValue(
        f"the statement has a placeholder :{name} and no value for it", where=sql, fix=f"pass it: {name}=..."
    )


def _end_of_comment(sql: str, position: int) -> int:
    """Find where a comment ends whose beginning is before `position`; PostgreSQL's may have others inside."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, position)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position if depth == 0 else len(sql)
