"""Codecs: how a type is made of JSON or of a form, by the library that the type belongs to.

Rules of this file:
- msgspec has Structs, dataclasses, TypedDicts, attrs classes and everything inside of them. It is the codec of all
  types that no adapter claims.
- An adapter is asked only when its library is imported already: who doesn't use pydantic doesn't load it.
- JSON is read strictly (a number is a number), a form leniently ("7" is an int).
- The way that works is one call into the library. Only a failure is taken apart, field by field.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from spica.controllers.form_values import fit_form
from spica.http import json
from spica.injection.annotations import without_none
from spica.injection.errors import RefusedValue
from spica.injection.finite import find_endless, holds_decimal, holds_number
from spica.injection.refusals import Path, find_field_errors, read_hints
from spica.injection.types import is_named_tuple
from spica.injection.whole_numbers import fit_whole_numbers

_REFUSED = object()
Pairs = list[tuple[str, Any]]


class Codec(Protocol):
    """Makes values of one type; both methods raise RefusedValue with an error for each field that doesn't fit."""

    def decode(self, content: bytes) -> object:
        """Make a value of JSON. Raises BadRequest when it is malformed."""

    def convert(self, values: Any, source: str, *, pairs: Pairs = ..., name: str = "") -> object:
        """Make a value of what a form or query sent.

        Args:    values: nested dicts, lists, texts and UploadFiles; source: for the errors; pairs: the same flat, with
                 all values of a repeated name; name: of the group that the values are, "" for all of them.
        """


class Adapter(NamedTuple):
    """A library's types: its module, which of them it has, and the codec of one."""

    module: str
    handles: Callable[[Any], bool]
    build: Callable[[Any], Codec]


_adapters: list[Adapter] = []


def register_adapter(adapter: Adapter) -> None:
    """Let a library's types stand in signatures wherever a Struct may. The one registered last is asked first."""
    _adapters.insert(0, adapter)


def find_adapter(type_: Any) -> Adapter | None:
    """The adapter that has a type, optional or not; None when msgspec has it."""
    type_ = without_none(type_)
    for adapter in _adapters:
        if adapter.module in sys.modules and adapter.handles(type_):
            return adapter
    return None


def find_codec(type_: Any) -> Codec:
    """Choose how values of a type are made. Raises TypeError for a type that nobody has."""
    adapter = find_adapter(type_)
    if adapter is not None:
        return adapter.build(type_)
    if is_named_tuple(without_none(type_)):
        return NamedTupleCodec(without_none(type_))
    return MsgspecCodec(type_)


class MsgspecCodec:
    """The codec of everything that msgspec knows."""

    __slots__ = ("_decode", "_holds_decimal", "_holds_number", "_type")

    def __init__(self, type_: Any) -> None:
        self._type = type_
        self._decode = msgspec.json.Decoder(type_).decode
        self._holds_decimal = holds_decimal(type_)
        self._holds_number = holds_number(type_)

    def decode(self, content: bytes) -> object:
        """Make a value of JSON."""
        json.check_depth(content)
        try:
            value = self._decode(content)
        except msgspec.ValidationError as error:
            value = _try_whole_numbers(content, self._decode)
            if value is _REFUSED:
                errors = find_field_errors(json.decode(content), self._type, "body", error, strict=True)
                raise RefusedValue(errors) from None
        except json.DECODE_ERRORS as error:
            raise json.malformed(content, error) from error
        if self._holds_decimal:
            _refuse_endless(value, "body", ())
        return value

    def convert(self, values: Any, source: str, *, pairs: Pairs = [], name: str = "") -> object:  # noqa: B006 - only read
        """Make a value of a form or query."""
        value = self._convert(values, source, pairs, name)
        if self._holds_number:
            _refuse_endless(value, source, (name,) if name else ())
        return value

    def _convert(self, values: Any, source: str, pairs: Pairs, name: str) -> object:
        try:
            return msgspec.convert(values, self._type, strict=False)
        except msgspec.ValidationError as error:
            fitted = fit_form(values, self._type, pairs, name)
            try:
                return msgspec.convert(fitted, self._type, strict=False)
            except msgspec.ValidationError:
                at = (name,) if name else ()
                raise RefusedValue(find_field_errors(fitted, self._type, source, error, strict=False, at=at)) from None


def _try_whole_numbers(content: bytes, decode: Callable[[bytes], object]) -> object:
    """Decode once more with 1.0 as 1: JSON has one kind of number, and to JSON Schema both are integers."""
    plain = json.decode(content)
    fitted = fit_whole_numbers(plain)
    if fitted is plain:
        return _REFUSED
    try:
        return decode(msgspec.json.encode(fitted))
    except msgspec.ValidationError:
        return _REFUSED


def _refuse_endless(value: object, source: str, at: Path) -> None:
    errors = find_endless(value, source, at)
    if errors:
        raise RefusedValue(errors)


class NamedTupleCodec:
    """The codec of NamedTuples, which are objects in JSON and groups in a form; msgspec takes them for arrays."""

    __slots__ = ("_codec", "_type")

    def __init__(self, type_: Any) -> None:
        hints = read_hints(type_)
        fields = [
            (name, hints[name], type_._field_defaults[name]) if name in type_._field_defaults else (name, hints[name])
            for name in type_._fields
        ]
        record = msgspec.defstruct(type_.__name__, fields)
        self._codec = MsgspecCodec(record)
        self._type = type_

    def decode(self, content: bytes) -> object:
        """Make a value of JSON."""
        return self._make(self._codec.decode(content))

    def convert(self, values: Any, source: str, *, pairs: Pairs = [], name: str = "") -> object:  # noqa: B006 - only read
        """Make a value of a form or query."""
        return self._make(self._codec.convert(values, source, pairs=pairs, name=name))

    def _make(self, record: object) -> object:
        return self._type(*(getattr(record, name) for name in self._type._fields))
