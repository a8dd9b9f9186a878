"""YAML: a document as people read and review it. What JSON can hold, and nothing else of YAML.

Rules of this file:
- Mappings and lists are blocks; a scalar, and what is empty, is written as JSON, which YAML 1.2 reads as the same
  value: no text becomes a bool, a number or a date by how it looks (`no`, `1.0`, `2026-11-21`).
- A key stands bare where that can't be misread, else in quotes.
Source: YAML 1.2.2 sections 7.3.1 (JSON's quotes) and 8.2 (block collections).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from spica.openapi.schemas import Schema

# No word that YAML 1.1 takes for a bool or null, and nothing that begins as a number does.
_BARE = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_$/][A-Za-z0-9_$/.-]*", re.IGNORECASE)

_UNPRINTABLE = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")


def render_yaml(document: Schema) -> str:
    """Write a document as YAML.

    Args:    document: dicts with text keys, lists, texts, numbers, bools and None.
    Returns: lines that end with a newline.
    Example:
        >>> print(render_yaml({"info": {"title": "Shop", "tags": []}, "on": [1, {"a": None}]}), end="")
        info:
          title: "Shop"
          tags: []
        "on":
          - 1
          - a: null
    """
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{_key(key)}:", item)
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _entry(key: str, item: object) -> Iterator[str]:
    if isinstance(item, dict | list) and item:
        yield key
        yield from (f"  {line}" for line in _lines(item))
    else:
        yield f"{key} {_scalar(item)}"


def _scalar(value: object) -> str:
    """A value as JSON; characters that YAML does not take as they are, escaped (YAML 1.2.2 section 5.1)."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _scalar(key)
