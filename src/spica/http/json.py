"""JSON in and out, by msgspec, with a bounded depth on the way in.

Rules: decoding errors are the client's (400, with the position); encoding errors are the program's and name the type.
An object that knows its JSON form has a method `__json__` that returns a value of simpler types.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from spica.errors.http import BadRequest
from spica.http.errors import UnencodableValue

MAX_DEPTH = 128

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


def encode(value: object) -> bytes:
    """Encode a value as JSON.

    Args:    value: str, numbers, bool, None, dict, list, tuple, set, datetime, UUID, Decimal, enum, msgspec Struct,
             dataclass, attrs class, pydantic model, or an object with `__json__()`.
    Raises:  UnencodableValue naming the type.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnencodableValue(
            f"a {type(value).__name__} can't become JSON: {error}",
            why="JSON has objects, arrays, text, numbers, true, false and null",
            fix="return a dict, a list or a msgspec Struct, or give the class a method __json__ that does",
        ) from error


def _json_form(value: object) -> object:
    form = getattr(value, "__json__", None)
    if form is not None:
        return form()
    dump = getattr(type(value), "model_dump", None)  # pydantic's models, without importing pydantic
    if dump is not None:
        return dump(value, mode="json", by_alias=True)
    raise TypeError(f"no JSON form for {type(value).__qualname__}")


_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder(enc_hook=_json_form)
