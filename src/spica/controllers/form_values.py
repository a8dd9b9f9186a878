"""Form values: what browsers send, fitted to types that text alone doesn't become.

Rules of this file:
- It is asked after a form was refused as it is; most never come here.
- An empty field is one that was not filled in, unless text is wanted. `on` is a checked box.
- A list is what all fields of one name hold (`tag=a&tag=b`), also one of a single value; numbered groups
  (`lines[0][sku]`, as fields of nested records are named) are a list in the order of their numbers.
- Names that pages send for the framework itself are no unknown fields.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from msgspec import inspect as shapes

from spica.controllers.convert import SWITCHES
from spica.http.params import numbered
from spica.injection.annotations import without_none
from spica.injection.refusals import read_hints
from spica.injection.types import allows_none, is_record

FRAMEWORK_FIELDS = frozenset({"_csrf_token", "_method"})

_LISTS = (list, set, frozenset, tuple)


def fit_form(value: Any, type_: Any, pairs: list[tuple[str, Any]], name: str = "") -> Any:
    """Fit what a form sent to a type, as far as it can be; the rest is left for the conversion to refuse.

    Args:    value: nested dicts, lists, texts and UploadFiles; pairs: the form's flat names and values; name: under
             which the value was sent, "" for the whole form.
    Returns: a value of the same kind; what was given is not changed.
    """
    inner = without_none(type_)
    origin = get_origin(inner) or inner
    if is_record(inner) and isinstance(value, dict):
        return _fit_record(value, inner, pairs, name)
    if origin in _LISTS:
        return _fit_list(value, inner, pairs, name)
    if inner is bool and isinstance(value, str):
        return SWITCHES.get(value.lower(), value)
    if value == "" and allows_none(type_) and inner is not str:
        return None
    return value


def _fit_record(value: dict[str, Any], record: Any, pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    shape: Any = shapes.type_info(record)
    hints = read_hints(record)
    fitted = value if name else {key: item for key, item in value.items() if key not in FRAMEWORK_FIELDS}
    fitted = dict(fitted)
    for field in shape.fields:
        key, hint = field.encode_name, hints[field.name]
        if key not in fitted:
            continue
        if fitted[key] == "" and not field.required and without_none(hint) is not str:
            del fitted[key]
            continue
        fitted[key] = fit_form(fitted[key], hint, pairs, f"{name}[{key}]" if name else key)
    return fitted


def _fit_list(value: Any, type_: Any, pairs: list[tuple[str, Any]], name: str) -> Any:
    if isinstance(value, dict):
        members = numbered(value)
        if members is None:
            return value
        value = members
    elif not isinstance(value, list):
        value = [item for key, item in pairs if key == name] or [value]
    items = [item for item in get_args(type_) if item is not Ellipsis]
    if len(items) != 1:
        return value
    return [fit_form(item, items[0], [], name) for item in value]
