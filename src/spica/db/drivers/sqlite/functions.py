"""Functions that SQLite lacks and queries need, in Python."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec


def add_functions(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    connection.create_function("spica_json_contains", 2, _json_contains, deterministic=True)


def _json_contains(document: str | bytes | None, candidate: str | bytes | None) -> bool | None:
    """Whether a JSON document contains another; NULL when one is NULL or is no JSON.

    Source:  jsonb containment, PostgreSQL manual section 8.14.3.
    """
    if document is None or candidate is None:
        return None
    try:
        left, right = msgspec.json.decode(document), msgspec.json.decode(candidate)
    except (msgspec.DecodeError, TypeError, UnicodeError):
        return None
    return _contains(left, right) or (isinstance(left, list) and any(_is_equal(item, right) for item in left))


def _contains(left: Any, right: Any) -> bool:
    if isinstance(right, dict):
        return isinstance(left, dict) and all(key in left and _contains(left[key], right[key]) for key in right)
    if isinstance(right, list):
        return isinstance(left, list) and all(any(_contains(item, wanted) for item in left) for wanted in right)
    return _is_equal(left, right)


def _is_equal(left: Any, right: Any) -> bool:
    """Compare two scalars; true is not 1."""
    return isinstance(left, bool) is isinstance(right, bool) and not isinstance(left, (dict, list)) and left == right
