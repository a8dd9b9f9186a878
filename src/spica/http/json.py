"""JSON in and out, by msgspec, with a bounded depth on the way in.

Rules: decoding errors are the client's (400, with the position); encoding errors are the program's and name the type.
An object that knows its JSON form has a method `__json__` that returns a value of simpler types.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import operator
import re
import uuid
from collections.abc import Mapping
from types import CoroutineType
from typing import Any

import msgspec

from spica.errors.http import BadRequest
from spica.http.errors import UnencodableValue

_WHY = "JSON has objects, arrays, text, numbers, true, false and null"
_FIX = "return a dict, a list or a msgspec Struct, or give the class a method __json__ that does"

MAX_DEPTH = 128
# How deep the place of what has no JSON form is looked for.
_MAX_PLACES = 8

DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError)
"""What msgspec raises for content that is not JSON, or text in it that is not UTF-8."""

# Possessive, and with an optional closing quote, so that no input makes it look at a byte twice.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS_ONLY = bytes(set(range(256)) - set(b"[]{}"))
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")


def decode(content: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Decode JSON content into dicts, lists, texts, numbers, bools and None.

    Args:    content: UTF-8 octets; max_depth: the most arrays and objects inside each other.
    Raises:  BadRequest with what is wrong and at which byte, or when it is nested too deeply.
    Source:  RFC 8259.
    """
    check_depth(content, max_depth=max_depth)
    try:
        return _decoder.decode(content)
    except DECODE_ERRORS as error:
        raise malformed(content, error) from error


def malformed(content: bytes, error: Exception) -> BadRequest:
    """Build the 400 for JSON that can't be parsed: one sentence for the client, with the position where it is known."""
    if not content:
        return BadRequest("the request has no content where JSON was expected")
    if isinstance(error, UnicodeDecodeError):
        return BadRequest("the content is not valid JSON: a text in it is not UTF-8")
    reason = str(error).removeprefix("JSON is malformed: ").partition(" - at `")[0]
    return BadRequest(f"the content is not valid JSON: {reason}")


def check_depth(content: bytes, *, max_depth: int = MAX_DEPTH) -> None:
    """Refuse JSON that is nested too deeply, before anything recurses into it.

    Most content has fewer brackets than the limit and costs two counts. For the rest, strings are cut out and
    innermost pairs removed round by round: each round is one pass in C, and there are at most max_depth of them.

    Raises:  BadRequest when arrays and objects are nested more than max_depth deep.
    """
    if content.count(b"[") + content.count(b"{") <= max_depth:
        return
    brackets = _STRINGS.sub(b"", content).translate(_AS_SQUARE, _BRACKETS_ONLY)
    for _ in range(max_depth):
        shorter = brackets.replace(b"[]", b"")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    # What is left is deeper than the limit, or unbalanced; the decoder refuses the latter unless it is deep as well.
    if brackets.count(b"[") > max_depth or (b"[]" in brackets):
        raise BadRequest(f"the JSON content is nested more than {max_depth} levels deep")


def encode(value: object, *, about: object = ...) -> bytes:
    """Encode a value as JSON.

    Args:    value: str, numbers, bool, None, dict, list, tuple, set, datetime, UUID, Decimal, enum, msgspec Struct,
             dataclass, attrs class, pydantic model, or an object with `__json__()`;
             about: what an error names, where the value is only its wrapping.
    Raises:  UnencodableValue naming the type.
    """
    try:
        return _encoder.encode(_shown(value) if _with_forms else value)
    except (TypeError, ValueError, RecursionError) as error:
        shown = value if about is ... else about
        place, culprit = _find_culprit(value)
        why, fix = _explain(culprit)
        raise UnencodableValue(
            f"a {type(shown).__name__} can't become JSON: {error}",
            where=f"the value's {place}, a {type(culprit).__qualname__}" if place else "",
            why=why,
            fix=fix,
        ) from error


def _find_culprit(value: Any, depth: int = 0) -> tuple[str, Any]:
    """The innermost thing without a JSON form: where it stands (`[0]['author']`, "" for the value itself), and it."""
    if depth < _MAX_PLACES and isinstance(value, dict):
        for key, item in value.items():
            if not _has_form({key: None}):
                return f"key {key!r}", key
            if not _has_form(item):
                place, culprit = _find_culprit(item, depth + 1)
                return f"[{key!r}]{place}", culprit
    elif depth < _MAX_PLACES and isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if not _has_form(item):
                place, culprit = _find_culprit(item, depth + 1)
                return f"[{index}]{place}", culprit
    return "", value


def _has_form(value: Any) -> bool:
    try:
        _encoder.encode(_shown(value) if _with_forms else value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _explain(culprit: Any) -> tuple[str, str]:
    """Why this has no JSON form, and what to do about it."""
    if isinstance(culprit, CoroutineType):
        return "it was not awaited", f"await {culprit.__name__}(...), in an async def"
    name = type(culprit).__name__
    if isinstance(culprit, Exception):
        return "it is an exception", f"raise it: raise {name}(...)"
    if hasattr(culprit, "status_code") and type(culprit).__module__.startswith(("starlette.", "fastapi.", "django.")):
        return (
            "it is a response of another framework",
            "return the value itself, or Response.json(value, status=...) of spica",
        )
    if hasattr(culprit, "__await__"):
        return "it was not awaited", "await it, in an async def"
    return _WHY, _FIX


def register_form(kind: type) -> None:
    """Have objects of a class become JSON by its `__json__` though they could without: a Struct that hides fields."""
    _with_forms.add(kind)


def _json_form(value: object) -> object:
    form = getattr(value, "__json__", None) or _pydantic_form(value)
    if form is None:
        raise TypeError(f"no JSON form for {type(value).__qualname__}")
    return _shown(form()) if _with_forms else form()


def _pydantic_form(value: object) -> Any:
    """The form of a pydantic model, which leaves out what is excluded and masks secrets."""
    dump = getattr(type(value), "model_dump", None)  # without importing pydantic
    return None if dump is None else lambda: dump(value, mode="json", by_alias=True)


def _shown(value: Any) -> Any:
    """The value with the forms of registered classes in place of their objects, at any depth; itself without any."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _with_forms:
        return _shown(value.__json__())
    if isinstance(value, dict):
        return _changed(value, {key: _shown(item) for key, item in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        items = [_shown(item) for item in value]
        return value if all(map(_is, items, value)) else items
    fields = _fields_of(value)
    return value if fields is None else _changed(fields, {key: _shown(item) for key, item in fields.items()}, value)


def _changed(before: Mapping[Any, Any], after: dict[Any, Any], unchanged: Any = None) -> Any:
    """What came of a mapping's values, or the object they belong to when they are what they were."""
    if all(map(_is, before.values(), after.values())):
        return before if unchanged is None else unchanged
    return after


def _fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of a Struct, dataclass or attrs object by the names that JSON has; None for anything else."""
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        fields = {encoded: getattr(value, name) for encoded, name in names}
        config = value.__struct_config__
        return fields if config.tag is None else {str(config.tag_field): config.tag, **fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    attributes = getattr(type(value), "__attrs_attrs__", None)
    return None if attributes is None else {field.name: getattr(value, field.name) for field in attributes}


_is = operator.is_
_with_forms: set[type] = set()
_PLAIN = frozenset(
    {str, int, float, bool, type(None), bytes, datetime.datetime, datetime.date, decimal.Decimal, uuid.UUID}
)

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder(enc_hook=_json_form)
