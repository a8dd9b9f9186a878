"""Stand-ins: types that msgspec can describe, in place of those that it can't though their JSON is known.

Rules of this file:
- A page is a Struct of what its `__json__` shows.
- A union that msgspec refuses to read is a `OneOf`: what is only sent need not be told apart.
- A record is copied only when a field of it needs a stand-in. Models are never copied: their fields are columns.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, NotRequired, Required, Union, get_args, get_origin, is_typeddict

import msgspec
from msgspec import inspect as shapes

from spica.injection.annotations import bare, without_none
from spica.injection.refusals import read_hints
from spica.injection.types import is_named_tuple

# What msgspec raises for a type that it can't describe, or can't even look at.
UNKNOWN = (TypeError, ValueError, NameError, AttributeError, NotImplementedError)
_UNIONS = (Union, types.UnionType)
_PAGES = "spica.orm.page"


class OneOf:
    """What stands for a union; a class of its own for each."""

    members: ClassVar[tuple[Any, ...]]


class StandIns:
    """The stand-ins of one document.

    Example:
        >>> StandIns().of(list[int])
        list[int]
    """

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def of(self, type_: Any) -> Any:
        """The type with stand-ins where they are needed, however deep; the very same where none is."""
        if is_named_tuple(without_none(type_)):  # msgspec takes it for an array; Spica shows it as an object
            type_ = _as_record(without_none(type_))
        return self._replace(type_) if _needs(type_, set()) else type_

    def _replace(self, type_: Any) -> Any:
        if not _needs(type_, set()):
            return type_
        origin, arguments = get_origin(type_), get_args(type_)
        if origin is Annotated:
            return Annotated[(self._replace(arguments[0]), *arguments[1:])]
        if bare(type_) is not type_:
            return self._replace(bare(type_))
        if type_ not in self._made:
            if (page := _page_fields(type_)) is not None:
                self._copy(type_, f"{_name(origin or type_)}Of{_name(*(arguments or [Any]))}", page)
            elif origin in _UNIONS:
                self._made[type_] = _unite([self._replace(one) for one in arguments])
            elif (fields := _fields(type_)) is not None:
                self._copy(type_, _name(type_), fields)
            elif isinstance(origin, type):
                replaced = tuple(self._replace(one) for one in arguments)
                self._made[type_] = origin[replaced]  # type: ignore[index]  # list, dict and their like
            else:
                self._made[type_] = type_
        return self._made[type_]

    def _copy(self, type_: Any, name: str, fields: list[tuple[str, Any, Any]]) -> None:
        """Make a Struct of other types. It is there before they are, for records that hold themselves."""
        record = get_origin(type_) or type_
        config = getattr(record, "__struct_config__", None)
        known = {} if config is None else {key: getattr(config, key) for key in ("tag", "tag_field", "array_like")}
        forbids = config is not None and config.forbid_unknown_fields
        made = msgspec.defstruct(
            name,
            [(one, Any, default) for one, _, default in fields],
            module=record.__module__,
            kw_only=True,
            forbid_unknown_fields=forbids,
            **known,
        )
        made.__doc__ = None if _is_page(type_) else record.__doc__
        self._made[type_] = made
        made.__annotations__ = {one: self._replace(kind) for one, kind, _ in fields}


def _needs(type_: Any, met: set[Any]) -> bool:
    """Whether a type is, or somewhere holds, what msgspec can't describe."""
    if get_origin(type_) is Literal:
        return False
    if _is_page(type_):
        return True
    if get_origin(type_) in _UNIONS and not _is_known(type_):
        return True
    try:
        if type_ in met:
            return False
        met.add(type_)
    except TypeError:  # not hashable: what Annotated says besides
        return False
    return any(_needs(part, met) for part in _parts(type_))


def _parts(type_: Any) -> Iterator[Any]:
    if bare(type_) is not type_:
        yield bare(type_)
        return
    yield from get_args(type_)
    for _, kind, _ in _fields(type_) or []:
        yield kind


def _is_known(type_: Any) -> bool:
    """Whether msgspec can look at a type at all."""
    try:
        shapes.type_info(type_)
    except UNKNOWN:
        return False
    return True


def _unite(members: list[Any]) -> Any:
    union = reduce(or_, members)
    if _is_known(union):
        return union
    return type("OneOf", (OneOf,), {"members": tuple(members)})


def _is_page(type_: Any) -> bool:
    # Not imported: an application without models never loads them.
    module = sys.modules.get(_PAGES)
    return module is not None and (get_origin(type_) or type_) in (module.Page, module.CursorPage)


def _page_fields(type_: Any) -> list[tuple[str, Any, Any]] | None:
    """The fields of a page's JSON; None for any other type."""
    if not _is_page(type_):
        return None
    (item,) = get_args(type_) or (Any,)
    if (get_origin(type_) or type_).__name__ == "Page":
        others: dict[str, Any] = dict.fromkeys(("page", "per", "total", "pages"), int)
    else:
        others = {"per": int, "next": str | None, "previous": str | None}
    return [
        (name, kind, msgspec.field()) for name, kind in {"items": types.GenericAlias(list, (item,)), **others}.items()
    ]


def _fields(type_: Any) -> list[tuple[str, Any, Any]] | None:
    """The name, type and default of each field of a Struct, dataclass or TypedDict; None for any other type."""
    record = get_origin(type_) or type_
    if not isinstance(record, type) or hasattr(record, "__schema__"):
        return None
    try:
        hints = read_hints(type_)
    except UNKNOWN:  # a name that nobody finds
        return None
    named: list[tuple[str, str, Any]]
    if issubclass(record, msgspec.Struct):
        defaults = [msgspec.NODEFAULT] * len(record.__struct_fields__)
        defaults[len(defaults) - len(record.__struct_defaults__) :] = record.__struct_defaults__
        named = list(zip(record.__struct_fields__, record.__struct_encode_fields__, defaults, strict=True))
    elif dataclasses.is_dataclass(record):
        named = [(one.name, one.name, _default(one)) for one in dataclasses.fields(record)]
    elif is_typeddict(record):
        keys: frozenset[str] = record.__required_keys__  # type: ignore[attr-defined]  # every TypedDict has them
        required = {one for one in keys if get_origin(hints[one]) is not NotRequired}
        required |= {one for one, kind in hints.items() if get_origin(kind) is Required}
        named = [(one, one, msgspec.NODEFAULT if one in required else msgspec.UNSET) for one in hints]
    else:
        return None
    return [(one, _without_demand(hints[one]), _field(encoded, default)) for one, encoded, default in named]


def _without_demand(type_: Any) -> Any:
    return get_args(type_)[0] if get_origin(type_) in (Required, NotRequired) else type_


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return msgspec.NODEFAULT if field.default_factory is dataclasses.MISSING else msgspec.UNSET


def _field(encoded: str, default: Any) -> Any:
    if default is msgspec.NODEFAULT:
        return msgspec.field(name=encoded)
    factory = getattr(default, "factory", None)
    if type(default).__module__ == msgspec.Struct.__module__ and factory is not None:
        return msgspec.field(default_factory=factory, name=encoded)
    return msgspec.field(default=default, name=encoded)


def _as_record(type_: Any) -> Any:
    hints = read_hints(type_)
    fields = [
        (name, hints[name], type_._field_defaults[name]) if name in type_._field_defaults else (name, hints[name])
        for name in type_._fields
    ]
    return msgspec.defstruct(type_.__name__, fields)


def _name(type_: Any) -> str:
    """The name of a class, with what it is of."""
    arguments = [_name(one) for one in get_args(type_)]
    own = getattr(get_origin(type_) or type_, "__name__", "Any")
    return "_".join((own, *arguments, "")) if arguments else own
