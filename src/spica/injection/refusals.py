"""Refusals: every field of a value that doesn't fit its type, found after the value was refused as a whole.

Rules of this file:
- Only failures come here. msgspec stops at the first mistake; this goes on, field by field, into records, lists, dicts
  and tagged unions.
- Messages are for the client: they name what was expected, never our classes or the value.
- Bounded: at most MAX_ERRORS errors, and below MAX_DEPTH levels msgspec's own first message stands for the rest.
"""

from __future__ import annotations

import enum
import re
import types
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect as shapes

from spica.errors.http import FieldError
from spica.injection.annotations import without_none
from spica.injection.types import is_record

Path: TypeAlias = tuple[str | int, ...]

MAX_ERRORS = 100
MAX_DEPTH = 8

_PLACE = re.compile(r" - at `(key in )?\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"^Object (?:contains )?(missing|unknown) (?:required )?field `([^`]+)`$")
# What msgspec says, by the first pattern that fits, and the word that programs get for it.
_CODES = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"missing required field", "missing"),
        (r"unknown field", "unknown"),
        (r"of length >=", "too_short"),
        (r"of length <=", "too_long"),
        (r"matching regex", "pattern"),
        (r"multiple of", "multiple_of"),
        (r" >=? ", "too_small"),
        (r" <=? ", "too_large"),
        (r"^Invalid (enum )?value", "not_in_list"),
        (r"^Expected ", "type"),
        (r"^Invalid ", "format"),
        (r"out of range", "too_large"),
        (r"of ordinary size", "not_finite"),
    )
)


def find_field_errors(
    value: Any, type_: Any, source: str, error: msgspec.ValidationError, *, strict: bool, at: Path = ()
) -> list[FieldError]:
    """List what is wrong with each field of a value that was refused as a whole.

    Args:    value: dicts, lists and scalars; type_: what it should be; source: for the errors; error: what msgspec
             said; strict: how it was converted; at: where the value stands in the content.
    Returns: at least one error.
    """
    search = _Search(source, strict)
    try:
        search.collect(value, type_, at, 0)
    except (NameError, TypeError):  # a type whose hints can't be read field by field
        search.errors.clear()
    return search.errors or [build_field_error(source, at, str(error))]


def build_field_error(source: str, path: Path, text: str, code: str = "", type_: Any = None) -> FieldError:
    """Make the error of one place from one of msgspec's messages, which may name a place inside of it.

    Args:    source: for the error; path: where the value stands; text: the message; code: default by the message;
             type_: what the value should be, where that is known; an enum's options are named.
    """
    place = _PLACE.search(text)
    if place is not None:
        path = (
            *path,
            *(int(index) if index.isdigit() else name or "…" for name, index in _STEP.findall(place["path"])),
        )
        text = text[: place.start()]
    field = _FIELD.search(text)
    if field is not None:  # of the object at the path: the tag of a union, mostly
        path, text = (*path, field[2]), f"is {field[1]}"
        code = field[1]
    code = code or next((code for pattern, code in _CODES if pattern.search(text)), "invalid")
    pointer = "#/" + "/".join(_escape(step) for step in path) if source == "body" and path else ""
    message = _name_options(type_) if code == "not_in_list" else build_message(text)
    return FieldError(source, write_path(path), message, code, pointer)


def build_message(text: str) -> str:
    """Write one of msgspec's messages for the client, without its backticks and its place."""
    text = _PLACE.sub("", text).replace("`", "")
    return text[:1].lower() + text[1:]


def write_path(path: Path) -> str:
    """Write a place for people: `address.lines[0]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class _Search:
    """One search for what is wrong, with what it found so far."""

    def __init__(self, source: str, strict: bool) -> None:
        self.errors: list[FieldError] = []
        self._source = source
        self._strict = strict

    def collect(self, value: Any, type_: Any, path: Path, depth: int) -> None:
        if len(self.errors) >= MAX_ERRORS:
            return
        try:
            msgspec.convert(value, type_, strict=self._strict)
        except msgspec.ValidationError as error:
            found = len(self.errors)
            if depth < MAX_DEPTH:
                self._collect_inside(value, type_, path, depth + 1)
            if len(self.errors) == found:
                self.errors.append(build_field_error(self._source, path, str(error), type_=type_))

    def _collect_inside(self, value: Any, type_: Any, path: Path, depth: int) -> None:
        inner = _choose_member(value, without_none(type_))
        origin = get_origin(inner) or inner
        items = get_args(inner)
        if isinstance(value, dict):
            if is_record(inner):
                self._collect_fields(value, inner, path, depth)
            elif origin is dict and items:
                for key, item in value.items():
                    self.collect(item, items[1], (*path, str(key)), depth)
        elif isinstance(value, list) and origin in (list, set, frozenset, tuple) and items:
            if origin is tuple and items[-1] is not Ellipsis:
                if len(items) == len(value):
                    for index, (item, item_type) in enumerate(zip(value, items, strict=True)):
                        self.collect(item, item_type, (*path, index), depth)
                return
            for index, item in enumerate(value):
                self.collect(item, items[0], (*path, index), depth)

    def _collect_fields(self, value: dict[str, Any], record: Any, path: Path, depth: int) -> None:
        shape: Any = shapes.type_info(record)
        hints = read_hints(record)
        known = {getattr(shape, "tag_field", None)}
        for field in shape.fields:
            name = field.encode_name
            known.add(name)
            if name in value:
                self.collect(value[name], hints[field.name], (*path, name), depth)
            elif field.required:
                self.errors.append(build_field_error(self._source, (*path, name), "is missing", "missing"))
        if getattr(shape, "forbid_unknown_fields", False):
            unknown = [name for name in value if name not in known][:MAX_ERRORS]
            self.errors.extend(
                build_field_error(self._source, (*path, name), "is unknown", "unknown") for name in unknown
            )


def read_hints(record: Any) -> dict[str, Any]:
    """The types of a record's fields by attribute name, those of a generic one filled in."""
    origin = get_origin(record) or record
    hints = get_type_hints(origin, include_extras=True)
    arguments = dict(zip(getattr(origin, "__parameters__", ()), get_args(record), strict=False))
    return {name: _fill(hint, arguments) for name, hint in hints.items()} if arguments else hints


def _name_options(type_: Any) -> str:
    """Say what an enum or Literal may be. Where the type isn't known only that it isn't: the value is the client's."""
    type_ = without_none(type_)
    if get_origin(type_) is Literal:
        options = get_args(type_)
    elif isinstance(type_, type) and issubclass(type_, enum.Enum):
        options = tuple(member.value for member in type_)
    else:
        return "is none of the accepted values"
    return f"expected {'one of ' if len(options) > 1 else ''}{', '.join(str(option) for option in options)}"


def _fill(hint: Any, arguments: dict[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return arguments.get(hint, Any)
    free = getattr(hint, "__parameters__", ())
    return hint[tuple(arguments.get(one, Any) for one in free)] if free else hint


def _choose_member(value: Any, type_: Any) -> Any:
    """The member of a tagged union that a value names; else the type itself."""
    if get_origin(type_) not in (Union, types.UnionType) or not isinstance(value, dict):
        return type_
    records = [member for member in get_args(type_) if is_record(member)]
    for record in records:
        shape: Any = shapes.type_info(record)
        field = getattr(shape, "tag_field", None)
        if (field is None and len(records) == 1) or (field is not None and value.get(field) == shape.tag):
            return record
    return type_


def _escape(step: str | int) -> str:
    # RFC 6901, then RFC 3986 section 3.5 as RFC 9457 has it: a pointer in a fragment. Only what would end it is coded.
    text = str(step).replace("~", "~0").replace("/", "~1")
    return text.replace("%", "%25").replace('"', "%22").replace(" ", "%20")
