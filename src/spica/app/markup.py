"""Attributes and texts of the elements that helpers write.

Rules of this file:
- A template's compiler judges where a value stands; here the attribute's name says it, so the same refusals are made by
  name: what runs as script, what is parsed as HTML once more, a URL whose scheme runs script.
- None and False leave an attribute out, True writes its name alone; `class_` is class, `data_id` is data-id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from spica._core import escape
from spica.templates.escaping import check_url, write_style
from spica.templates.html_context import SCRIPT_ATTRIBUTE
from spica.templates.html_state import is_url_attribute

_NAME = re.compile(r"[a-zA-Z][\w.-]*", re.ASCII)


def render_attributes(attributes: Mapping[str, object]) -> str:
    """Write attributes, each with a space before it.

    Raises: ValueError for a name that is none or that runs as script, and for a URL that would run script.
    """
    return "".join(
        _render_attribute(name.rstrip("_").replace("_", "-"), value)
        for name, value in attributes.items()
        if value is not None and value is not False
    )


def render_text(value: object) -> str:
    """The HTML of a text: escaped unless it is HTML already."""
    html = getattr(value, "__html__", None)
    return str(html()) if html is not None else escape("" if value is None else str(value))


def _render_attribute(name: str, value: object) -> str:
    lower = name.lower()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an attribute")
    if SCRIPT_ATTRIBUTE.match(lower) or lower == "srcdoc":
        raise ValueError(f"a helper does not write {name!r}, which is run: write the element itself in the template")
    if value is True:
        return f" {name}"
    if lower == "style":
        return f' {name}="{write_style(value)}"'
    text = str(value)
    if is_url_attribute(lower) and check_url(text) != text:
        raise ValueError(f"{name} would run a script: {text[:40]!r}")
    return f' {name}="{escape(text)}"'
