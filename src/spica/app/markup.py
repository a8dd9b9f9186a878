"""Attributes of the elements that helpers write.

Rules of this file:
- A template's compiler judges where a value stands; here the attribute's name says it, so the same refusals are made by
  name: what runs as script, what is parsed as HTML once more, a URL whose scheme runs script.
- None and False leave an attribute out, True writes its name alone; `class_` is class, `data_id` is data-id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from spica._core import escape
from spica.templates.escaping import check_url, write_style
from spica.templates.html_context import SCRIPT_ATTRIBUTE
from spica.templates.html_state import is_url_attribute

_NAME = re.compile(r"[a-zA-Z][\w.-]*", re.ASCII)


def render_attributes(attributes: Mapping[str, object]) -> str:
    """Write attributes, each with a space before it.

    Raises: ValueError for a name that is none or that runs as script, and for a URL that would run script.
    """
    parts = []
    for given, value in attributes.items():
        if value is not None and value is not False:
            name, write = _judge(given)
            parts.append(f" {name}" if value is True else f' {name}="{write(value)}"')
    return "".join(parts)


@lru_cache(maxsize=1_024)
def _judge(given: str) -> tuple[str, Callable[[object], str]]:
    """How a name is written, and what writes its values; the same few stand in every page."""
    name = given.rstrip("_").replace("_", "-")
    lower = name.lower()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an attribute")
    if SCRIPT_ATTRIBUTE.match(lower) or lower == "srcdoc":
        raise ValueError(f"a helper does not write {name!r}, which is run: write the element itself in the template")
    if lower == "style":
        return name, write_style
    return name, partial(_write_url, name) if is_url_attribute(lower) else _write_value


def _write_value(value: object) -> str:
    return escape(str(value))


def _write_url(name: str, value: object) -> str:
    text = str(value)
    if check_url(text) != text:
        raise ValueError(f"{name} would run a script: {text[:40]!r}")
    return escape(text)
