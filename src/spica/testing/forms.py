"""Nested values as form fields: {"post": {"title": "Hi", "tags": ["a"]}} is post[title]=Hi and post[tags][]=a."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode


def flatten(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give the (name, text) pairs that a browser would send for nested values.

    Args:    values: text, numbers, booleans ("1" and "0"), None (empty), lists and mappings by name.
    """
    for name, value in values.items():
        full = f"{prefix}[{name}]" if prefix else str(name)
        if isinstance(value, Mapping):
            yield from flatten(value, full)
        elif isinstance(value, list | tuple):
            yield from ((f"{full}[]", _text(item)) for item in value)
        else:
            yield full, _text(value)


def render_form(values: Mapping[str, object]) -> bytes:
    """Render nested values as application/x-www-form-urlencoded."""
    return urlencode(list(flatten(values))).encode()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
