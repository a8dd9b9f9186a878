"""Types of parameters: which stand in one piece of text, which are lists of those, and which need a whole body."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import operator
import types
import uuid
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict

import msgspec

from spica.injection.annotations import bare, without_none

SCALARS = (
    str,
    int,
    float,
    bool,
    decimal.Decimal,
    uuid.UUID,
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
)
COLLECTIONS = (list, set, frozenset, tuple)


def is_scalar(type_: Any) -> bool:
    """Whether one piece of text holds a value of this type: str, int, an enum, `int | None`, a date…"""
    type_ = bare(type_)
    origin = get_origin(type_)
    if origin is Literal:
        return True
    if origin in (Union, types.UnionType):
        return all(member is types.NoneType or is_scalar(member) for member in get_args(type_))
    return type_ is Any or (isinstance(type_, type) and (type_ in SCALARS or issubclass(type_, enum.Enum)))


def is_scalar_list(type_: Any) -> bool:
    """Whether the type is a list (set, tuple) of scalars, optional or not."""
    type_ = without_none(type_)
    if type_ in COLLECTIONS:
        return True
    items = [item for item in get_args(type_) if item is not Ellipsis]
    return get_origin(type_) in COLLECTIONS and all(is_scalar(item) for item in items)


def is_body(type_: Any) -> bool:
    """Whether the type describes a whole body: Struct, dataclass, TypedDict, attrs class, dict, or a union of those."""
    type_ = bare(type_)
    if get_origin(type_) in (Union, types.UnionType):
        members = [member for member in get_args(type_) if member is not types.NoneType]
        return bool(members) and all(is_body(member) for member in members)
    type_ = get_origin(type_) or type_
    return type_ is dict or is_record(type_) or is_named_tuple(type_)


def is_named_tuple(type_: Any) -> bool:
    """Whether the type is a NamedTuple (or made by collections.namedtuple)."""
    return isinstance(type_, type) and issubclass(type_, tuple) and hasattr(type_, "_fields")


def is_record(type_: Any) -> bool:
    """Whether the type has named fields that can be checked one by one."""
    type_ = get_origin(type_) or type_
    if not isinstance(type_, type):
        return False
    return (
        issubclass(type_, msgspec.Struct)
        or dataclasses.is_dataclass(type_)
        or is_typeddict(type_)
        or hasattr(type_, "__attrs_attrs__")
    )


def allows_none(type_: Any) -> bool:
    """Whether None is one of the type's values."""
    type_ = bare(type_)
    return type_ is types.NoneType or (
        get_origin(type_) in (Union, types.UnionType) and types.NoneType in get_args(type_)
    )


def takes_text_as_it_is(type_: Any) -> bool:
    """Whether text needs no conversion and no check for this type."""
    return type_ is str or type_ is Any or (without_none(type_) is str and get_origin(type_) is not Annotated)


def type_name(type_: Any) -> str:
    """Write a type for people: `int`, `list[int]`, `UserIn`."""
    return getattr(type_, "__name__", None) if isinstance(type_, type) and not get_args(type_) else str(type_)  # type: ignore[return-value]


def without_null(type_: Any) -> Any:
    """The type without None, its constraints kept: what a text can be, where sending none means None."""
    if get_origin(type_) is Annotated:
        inner, *markers = get_args(type_)
        inner = without_null(inner)
        for meta in markers:
            inner = Annotated[inner, meta] if isinstance(meta, msgspec.Meta) else inner
        return inner
    members = [member for member in get_args(type_) if member is not types.NoneType]
    if get_origin(type_) not in (Union, types.UnionType) or len(members) in (0, len(get_args(type_))):
        return type_
    return functools.reduce(operator.or_, members)
