"""JSON types: the Python types whose values one JSON text holds, and how they are written and read.

Rules of this file:
- A type is list[...], dict[...], tuple[...], set[...], a Struct, a dataclass, an attrs class, a TypedDict, a NamedTuple
  or a pydantic model; any of them inside the others.
- What is read has exactly its type, or is refused with the place: "Expected `int`, got `str` - at `$.age`".
- pydantic is asked only for types that have a pydantic model in them: then it is imported already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin, is_typeddict

import msgspec
import msgspec.inspect

CONTAINERS = (list, dict, tuple, set, frozenset)
_UNTYPED = (Any, object)


class JsonType(NamedTuple):
    """How values of one type cross the border to JSON text.

    encode: a value to text, raising TypeError or ValueError for what has no JSON; decode: the text of a database to a
    value; read: as decode, but takes what nearly fits, the "7" of a form for an int; is_typed: whether decode does more
    than reading any JSON.
    """

    encode: Callable[[Any], str]
    decode: Callable[[str], Any]
    read: Callable[[str], Any]
    is_typed: bool

    def reason(self, problem: Exception) -> str:
        """Say in one line what is wrong with a value."""
        errors = getattr(problem, "errors", None)  # of pydantic
        if errors is None:
            return str(problem)
        first = errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        return f"{first['msg']} - at `$.{place}`" if place else str(first["msg"])


def is_json_type(kind: Any) -> bool:
    """Whether values of a type are kept as JSON."""
    if (get_origin(kind) or kind) in CONTAINERS or is_typeddict(kind):
        return True
    if not isinstance(kind, type):
        return False
    return (
        issubclass(kind, msgspec.Struct)
        or dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
        or _is_pydantic(kind)
    )


@cache
def json_type(kind: Any) -> JsonType:
    """Build the functions for a type. Raises TypeError for one that can't be read from JSON."""
    if _names_pydantic(kind):
        return _pydantic_type(kind)
    if kind in CONTAINERS or all(argument in _UNTYPED for argument in _leaves(kind)):
        is_typed = (get_origin(kind) or kind) not in (list, dict)
    else:
        is_typed = True
    _check_parts(msgspec.inspect.type_info(kind), set())
    decode = msgspec.json.Decoder(kind).decode if is_typed else msgspec.json.decode
    read = msgspec.json.Decoder(kind, strict=False).decode
    return JsonType(_encode, decode, read, is_typed)


def _check_parts(part: Any, seen: set[Any]) -> None:
    """Refuse a type that msgspec would leave to a hook. Raises TypeError."""
    if isinstance(part, msgspec.inspect.CustomType) and part.cls is not object:
        raise TypeError(f"{getattr(part.cls, '__name__', part.cls)} has no JSON form")
    if isinstance(part, (tuple, list)):
        for one in part:
            _check_parts(one, seen)
    elif isinstance(part, (msgspec.inspect.Type, msgspec.inspect.Field)):
        kind = getattr(part, "cls", None)
        if kind is None or kind not in seen:
            seen.add(kind)
            for name in part.__struct_fields__:
                _check_parts(getattr(part, name), seen)


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _pydantic_type(kind: Any) -> JsonType:
    from pydantic import TypeAdapter  # whoever names a model of it has imported it

    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def encode(value: Any) -> str:
        try:
            return adapter.dump_json(value, by_alias=True, warnings="error").decode()
        except ValueError:  # not of the type yet: a dict of a form
            return msgspec.json.encode(value, enc_hook=_dumped).decode()

    return JsonType(encode, adapter.validate_json, adapter.validate_json, is_typed=True)


def _dumped(value: Any) -> Any:
    dump = getattr(type(value), "model_dump", None)
    if dump is None:
        raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
    return dump(value, mode="json", by_alias=True)


def _names_pydantic(kind: Any) -> bool:
    return _is_pydantic(kind) or any(_names_pydantic(argument) for argument in get_args(kind))


def _is_pydantic(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "__pydantic_core_schema__") and hasattr(kind, "model_validate_json")


def _leaves(kind: Any) -> list[Any]:
    """List the arguments of a type that have none themselves; str is one of an untyped dict, whose keys are text."""
    arguments = get_args(kind)
    if not arguments:
        return [kind]
    inner = arguments[1:] if get_origin(kind) is dict and arguments[0] is str else arguments
    return [leaf for argument in inner for leaf in _leaves(argument)]
