"""Annotations: types with what is only written around them taken away."""

from __future__ import annotations

import types
from typing import Annotated, Any, NewType, Union, get_args, get_origin


def bare(type_: Any) -> Any:
    """The type without `Annotated` and `NewType` around it."""
    while True:
        if get_origin(type_) is Annotated:
            type_ = get_args(type_)[0]
        elif isinstance(type_, NewType):
            type_ = type_.__supertype__
        else:
            return type_


def without_none(type_: Any) -> Any:
    """The type without `| None`, when exactly one other member is left."""
    type_ = bare(type_)
    if get_origin(type_) in (Union, types.UnionType):
        members = [member for member in get_args(type_) if member is not types.NoneType]
        if len(members) == 1:
            return bare(members[0])
    return type_
