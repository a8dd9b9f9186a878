"""Arrays as PostgreSQL writes them, for defaults: `{a,"b c"}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_DEFAULT = re.compile(r"'\{(.*)\}'::[^']+\[\]", re.DOTALL)
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', re.DOTALL)


def write_array(values: Sequence[Any]) -> str:
    """Write an array; each item in quotes, which suits every type."""
    return "{" + ",".join(_quote(value) for value in values) + "}"


def read_array(sql: str) -> list[str] | None:
    """Read the items of a default as the database reports it, `'{a,"b c"}'::text[]`; None for an expression."""
    found = _DEFAULT.fullmatch(sql)
    if found is None:
        return None
    items = found[1].replace("''", "'")
    return [bare or re.sub(r"\\(.)", r"\1", quoted) for quoted, bare in _ITEM.findall(items)]


def _quote(value: Any) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
