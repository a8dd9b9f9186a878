"""Binding: the host that fills the arguments of a channel's methods from a topic and a payload.

Rules of this file, in the order they are tried:
1. `Context`, `Request`, the socket, the channel and octets by type;
2. a name of the topic's pattern is its parameter;
3. a Struct, dataclass, TypedDict, dict or pydantic model is the whole payload, and so is what is called `payload`
   without a type;
4. everything else is the payload's field of its name. JSON is read strictly: "7" is no int, 7.0 is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from spica.channels.topic import TopicPattern
from spica.errors.http import FieldError, UnprocessableContent
from spica.http.context import Context
from spica.http.request import Request
from spica.injection.annotations import without_none
from spica.injection.errors import RefusedValue, SignatureError
from spica.injection.finite import find_endless, holds_decimal, holds_unknown
from spica.injection.plan import Reader
from spica.injection.refusals import build_field_error, find_field_errors
from spica.injection.signature import MISSING, Parameter
from spica.injection.types import allows_none, is_body, type_name
from spica.injection.whole_numbers import fit_whole_numbers

SOURCE = "payload"
_NATIVE_TYPES = {"int": int, "float": float}


class Call(NamedTuple):
    """One call of a channel's method, as the readers of its arguments get it; `values` are the topic's."""

    channel: Any
    payload: Any
    values: dict[str, Any]


class ChannelHost:
    """Knows where the values of a channel's methods come from.

    Args:    patterns: those of its topics; objects: readers of the channel and its socket, each with the class that all
             such are derived from, and its own.
    """

    def __init__(self, patterns: Sequence[TopicPattern], objects: Sequence[tuple[type, type, Reader]]) -> None:
        self._patterns = patterns
        self._objects = (
            (Context, Context, lambda call: call.channel.context),
            (Request, Request, lambda call: call.channel.context.request),
            *objects,
        )

    def choose_reader(self, parameter: Parameter) -> Reader:
        """Find where a parameter's value comes from; see the rules of this file."""
        type_ = without_none(parameter.bare_type)
        if isinstance(type_, type):
            for base, own, reader in self._objects:
                if issubclass(type_, base):
                    return reader if issubclass(own, type_) else _refuse_object(parameter, own)
            if issubclass(type_, bytes):
                return _build_octets_reader(parameter)
        if any(parameter.name in pattern.names for pattern in self._patterns):
            return self._build_topic_reader(parameter)
        convert = build_converter(parameter.type)
        return (
            _build_whole_reader(parameter, convert)
            if self._is_whole(parameter)
            else _build_field_reader(parameter, convert)
        )

    def check_parameters(self, parameters: list[Parameter]) -> None:
        """Refuse two parameters that want the whole payload."""
        whole = [one for one in parameters if self._is_whole(one)]
        if len(whole) > 1:
            raise SignatureError(
                f"two parameters read the payload: {' and '.join(repr(one.name) for one in whole)}",
                where=whole[0].where,
                why="a message has one payload",
                fix="make one type that holds both, or fill the other by Provide(...)",
            )

    def refuse(self, errors: list[FieldError]) -> Exception:
        """What answers values that don't fit: all of them at once."""
        return UnprocessableContent("some values were refused", errors=errors)

    def _build_topic_reader(self, parameter: Parameter) -> Reader:
        name = parameter.name
        without = next((pattern for pattern in self._patterns if name not in pattern.names), None)
        if without is not None and parameter.required:
            raise SignatureError(
                f"the topic {without} has no parameter {name!r}",
                where=parameter.where,
                why="the channel has several topics, and its methods are called for each of them",
                fix=f"give it a default: {name}: {type_name(parameter.bare_type)} = ...",
            )
        found = [one.converter for pattern in self._patterns for one in pattern.parameters if one.name == name]
        default = parameter.default
        if all(_passes(parameter, converter.native, converter.parse) for converter in found):
            return lambda call: call.values.get(name, default)

        wants_text = without_none(parameter.bare_type) is str

        def read(call: Call) -> object:
            value = call.values.get(name, MISSING)
            if value is MISSING:
                return default
            try:
                given = value if isinstance(value, int) and not wants_text else str(value)
                return msgspec.convert(given, parameter.type, strict=False)
            except msgspec.ValidationError as error:
                raise RefusedValue([build_field_error("topic", (name,), str(error), type_=parameter.type)]) from None

        msgspec.json.Decoder(parameter.type)  # raises TypeError for what can't be converted
        return read

    def _is_whole(self, parameter: Parameter) -> bool:
        type_ = without_none(parameter.bare_type)
        if isinstance(type_, type) and (issubclass(type_, tuple(base for base, _, _ in self._objects))):
            return False
        if any(parameter.name in pattern.names for pattern in self._patterns):
            return False
        if parameter.bare_type is Any:
            return parameter.name == SOURCE
        return type_ is bytes or is_body(parameter.bare_type) or _is_pydantic(type_)


def build_converter(type_: Any) -> Callable[[Any, tuple[str | int, ...]], Any]:
    """Make the function that turns a part of a payload, at its place in it, into a type.

    It raises RefusedValue with an error for each field. Raises: TypeError for a type that can't be converted.
    """
    if _is_pydantic(without_none(type_)):
        return _build_pydantic_converter(type_)
    msgspec.json.Decoder(type_)  # raises TypeError
    if holds_unknown(type_):
        raise TypeError(f"{type_name(type_)} has no form in JSON")
    convert, with_decimals = msgspec.convert, holds_decimal(type_)

    def read(value: Any, at: tuple[str | int, ...]) -> Any:
        try:
            made = convert(value, type_)
        except msgspec.ValidationError as error:
            fitted = fit_whole_numbers(value)
            try:
                if fitted is value:
                    raise error
                made = convert(fitted, type_)
            except msgspec.ValidationError:
                raise RefusedValue(find_field_errors(value, type_, SOURCE, error, strict=True, at=at)) from None
        if with_decimals and (endless := find_endless(made, SOURCE, at)):
            raise RefusedValue(endless)
        return made

    return read


def _refuse_object(parameter: Parameter, own: type) -> Reader:
    raise SignatureError(
        f"{parameter.name!r} is a {type_name(parameter.bare_type)}, and what is there is a {own.__name__}",
        where=parameter.where,
        why="a channel has one socket, and is one channel",
        fix=f"write {parameter.name}: {own.__name__}, or list the channel in the socket that it is for",
    )


def _build_field_reader(parameter: Parameter, convert: Callable[[Any, tuple[str | int, ...]], Any]) -> Reader:
    name, default, required = parameter.name, parameter.default, parameter.required
    if required and allows_none(parameter.bare_type):
        default, required = None, False
    at = (name,)

    def read(call: Call) -> object:
        payload = call.payload
        if type(payload) is dict:
            if name in payload:
                return convert(payload[name], at)
        elif payload is not None:
            raise RefusedValue([FieldError(SOURCE, "", "expected an object", "type")])
        if required:
            raise RefusedValue([FieldError(SOURCE, name, "is missing", "missing")])
        return default

    return read


def _build_whole_reader(parameter: Parameter, convert: Callable[[Any, tuple[str | int, ...]], Any]) -> Reader:
    if parameter.bare_type is Any:
        return lambda call: call.payload
    return lambda call: convert(call.payload, ())


def _build_octets_reader(parameter: Parameter) -> Reader:
    optional, default = not parameter.required, parameter.default

    def read(call: Call) -> object:
        if isinstance(call.payload, bytes):
            return call.payload
        if optional:
            return default
        raise RefusedValue([FieldError(SOURCE, "", "expected octets", "type")])

    return read


def _passes(parameter: Parameter, native: str, parse: object) -> bool:
    """Whether the topic delivers exactly what the parameter wants."""
    if any(isinstance(marker, msgspec.Meta) for marker in parameter.markers):
        return False
    wanted = without_none(parameter.bare_type)
    if wanted is Any or parse is not None:
        return True
    return (
        wanted is _NATIVE_TYPES.get(native)
        or (native in ("str", "slug", "choice", "path") and wanted is str)
        or (isinstance(wanted, type) and wanted.__name__ in ("UUID", "date") and wanted.__name__.lower() == native)
    )


def _is_pydantic(type_: Any) -> bool:
    return isinstance(type_, type) and hasattr(type_, "__pydantic_validator__")


def _build_pydantic_converter(type_: Any) -> Callable[[Any, tuple[str | int, ...]], Any]:
    # Lazy: an optional library, imported by whoever wrote the model.
    from pydantic import TypeAdapter, ValidationError

    adapter: Any = TypeAdapter(type_)

    def read(value: Any, at: tuple[str | int, ...]) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise RefusedValue(
                [build_field_error(SOURCE, (*at, *one["loc"]), one["msg"], one["type"]) for one in details]
            ) from None

    return read
