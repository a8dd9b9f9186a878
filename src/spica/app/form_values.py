"""Values of forms: how a value stands in its input, and what a choice offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from functools import lru_cache

from spica.app.markup import render_attributes
from spica.http import json
from spica.templates.safe import html_of

Options = Mapping[object, object] | Iterable[object]
"""Labels by value, pairs of value and label, or values; labels by value below a name are a group of a select."""


@lru_cache(maxsize=1_024)  # a form asks several times for each control, and pages have the same few
def id_of(key: str) -> str:
    """The id of the control whose parameter has this name: `post_title` for `post[title]`."""
    return key.replace("[", "_").replace("]", "")


@lru_cache(maxsize=1_024)
def label_of(field: str) -> str:
    """The label of a field that is given none."""
    return field.replace("_", " ").capitalize()


def render_options(options: Options, chosen: set[str]) -> Iterator[str]:
    """Write the options of a select; those of `chosen` are selected."""
    for value, text in list_pairs(options):
        if isinstance(text, Mapping):
            inside = "".join(render_options(text, chosen))
            yield f"<optgroup{render_attributes({'label': value})}>{inside}</optgroup>"
        else:
            own = render_attributes({"value": value, "selected": value in chosen})
            yield f"<option{own}>{html_of(text)}</option>"


def list_pairs(options: Options) -> Iterator[tuple[str, object]]:
    """List options as value and label."""
    for item in options.items() if isinstance(options, Mapping) else options:
        value, text = item if isinstance(item, tuple) and len(item) == 2 else (item, item)
        yield written(value) or "", text


def written(value: object) -> str | None:
    """A value as its input has it; None leaves it empty."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(value, time):
        return value.replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.encode(value).decode()
    return str(value)
