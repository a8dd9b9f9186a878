"""Finite numbers: "nan", "inf" and numbers of a billion digits are refused where text becomes a number.

Rules of this file:
- JSON has no such floats, but a Decimal comes as text there as well; forms, queries and fields are text altogether.
- Whether a type can hold such a number is known when the application starts; only values of those types are looked at.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec import inspect as shapes

from spica.errors.http import FieldError
from spica.injection.refusals import Path, build_field_error

ENDLESS = "must be a number of ordinary size"
MAX_EXPONENT = 1_000
"""A Decimal with more digits than this before or after its point costs too much in the first `int(...)` of it."""


def holds_decimal(type_: Any) -> bool:
    """Whether a Decimal can be in a value of a type."""
    return _holds(shapes.type_info(type_), (shapes.DecimalType,), set())


def holds_number(type_: Any) -> bool:
    """Whether a float or Decimal can be in a value of a type."""
    return _holds(shapes.type_info(type_), (shapes.DecimalType, shapes.FloatType), set())


def holds_unknown(type_: Any) -> bool:
    """Whether something can be in a value of a type that JSON has no form for."""
    return _holds(shapes.type_info(type_), (shapes.CustomType,), set())


def find_endless(value: Any, source: str, at: Path = ()) -> list[FieldError]:
    """List the numbers in a value that are not finite, or too long, each with its place."""
    return [
        build_field_error(source, path, ENDLESS) for path, number in _numbers(value, at) if not _is_ordinary(number)
    ]


def _is_ordinary(number: float | Decimal) -> bool:
    if isinstance(number, Decimal):
        return number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT
    return math.isfinite(number)


def _numbers(value: Any, path: Path) -> Iterator[tuple[Path, float | Decimal]]:
    if isinstance(value, (float, Decimal)):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, (*path, str(key)))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            yield from _numbers(item, (*path, index))
    elif isinstance(value, Struct):
        for name, sent in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from _numbers(getattr(value, name), (*path, sent))
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _numbers(getattr(value, field.name), (*path, field.name))
    elif hasattr(value, "__attrs_attrs__"):
        for attribute in value.__attrs_attrs__:
            yield from _numbers(getattr(value, attribute.name), (*path, attribute.name))


def _holds(shape: Any, kinds: tuple[type, ...], seen: set[Any]) -> bool:
    if isinstance(shape, kinds):
        return True
    of_class = getattr(shape, "cls", None)
    if of_class is not None:
        if of_class in seen:
            return False
        seen.add(of_class)
    inner = [getattr(shape, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    inner += [*getattr(shape, "types", ()), *getattr(shape, "item_types", ())]
    inner += [field.type for field in getattr(shape, "fields", ())]
    return any(one is not None and _holds(one, kinds, seen) for one in inner)
