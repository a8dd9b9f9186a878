"""What to type instead of a value that a key doesn't take: the fix of a mistake in the configuration.

Rules of this file: a fix is a line that can be copied. A value that only has the wrong form is put into the right one
(`port = 3000` for "3000", a list around a text); else the line shows a value of the key's type. Nothing that is secret
is repeated.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec

from spica.config.merge import Setting
from spica.config.section import is_marked
from spica.telemetry.redaction import is_secret


def suggest_value(key: str, field: msgspec.structs.FieldInfo, setting: Setting) -> str:
    """The fix for a value that can't be read as the field's type."""
    kinds = list(_kinds(field.type))
    if words := [word for kind in kinds for word in _words(kind)]:
        number = ["a number"] if any(_is_number(kind) for kind in kinds) else []
        return f"it may be {', '.join([*words, *number])}"
    if examples := [str(example) for meta in _metas(field.type) for example in meta.examples or ()]:
        return f"for example {', '.join(examples)}"
    if setting.is_text:  # of a variable, which has no quotes to leave out
        return f"give it {describe(field.type)}"
    shown = None if is_marked(field.type) or is_secret(key) else _in_form(setting.value, kinds)
    if shown is None:
        shown = _sample(field, kinds)
    return f"{describe(field.type)}: {key} = {shown}" if shown else f"give it {describe(field.type)}"


def describe(kind: Any) -> str:
    """The type of a key in words: "a whole number of 1 or more"."""
    return " or ".join(dict.fromkeys(_name(one) for one in _kinds(kind)))


def _kinds(kind: Any) -> Iterator[Any]:
    """The types of a union, each with its constraints; None is left out."""
    if get_origin(kind) is typing.Annotated and len(inner := list(_kinds(get_args(kind)[0]))) > 1:
        yield from inner
    elif get_origin(kind) in (typing.Union, type(int | str)):
        for part in get_args(kind):
            yield from _kinds(part)
    elif kind is not type(None):
        yield kind


def _name(kind: Any) -> str:
    plain = _plain(kind)
    if _is_number(kind):
        return _number(kind)
    if get_origin(plain) is list or plain is list:
        items = [_plain(item) for item in get_args(plain)]
        if items and isinstance(items[0], type) and issubclass(items[0], msgspec.Struct):
            return "a list of tables such as {" + ", ".join(f'{key} = "..."' for key in _keys(items[0])) + "}"
        return f"a list of {_PLURALS.get(items[0], 'values')}" if items else "a list"
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return "a table with " + ", ".join(_keys(plain))
    return {bool: "true or false", str: "a text in quotes"}.get(plain, str(plain))


_PLURALS = {str: "texts", int: "whole numbers", float: "numbers"}


def _keys(struct: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(struct)]


def _number(kind: Any) -> str:
    word = "a whole number" if _plain(kind) is int else "a number"
    metas = list(_metas(kind))
    least = next((meta.ge for meta in metas if meta.ge is not None), None)
    most = next((meta.le for meta in metas if meta.le is not None), None)
    if least is not None and most is not None:
        return f"{word} from {least:,} to {most:,}"
    above = next((meta.gt for meta in metas if meta.gt is not None), None)
    bound = f" of {least:,} or more" if least is not None else f" greater than {above:,}" if above is not None else ""
    return word + bound


def _in_form(value: Any, kinds: list[Any]) -> str | None:
    """The value as the key takes it, where only its form is wrong; None where that can't be known."""
    for kind in kinds:
        plain = _plain(kind)
        candidate: Any = value
        if plain in (int, float) and isinstance(value, str | float):
            candidate = value.strip().replace("_", "") if isinstance(value, str) else int(value)
        elif plain is bool and str(value).lower() in _TRUTH:
            candidate = _TRUTH[str(value).lower()]
        elif plain is str and isinstance(value, int | float) and not isinstance(value, bool):
            candidate = str(value)
        elif (get_origin(plain) is list or plain is list) and not isinstance(value, list | dict):
            candidate = [value]
        try:
            return msgspec.json.encode(msgspec.convert(candidate, kind, strict=False)).decode()
        except msgspec.ValidationError:
            continue
    return None


_TRUTH = {"yes": True, "on": True, "1": True, "true": True, "no": False, "off": False, "0": False, "false": False}


def _sample(field: msgspec.structs.FieldInfo, kinds: list[Any]) -> str:
    """A value that the key takes: its default where that says something, else one of its type."""
    default = field.default if field.default is not msgspec.NODEFAULT else None
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    if default not in (None, "", []) and not isinstance(default, msgspec.Struct):
        return msgspec.json.encode(default).decode()
    plain = _plain(kinds[0]) if kinds else None
    least = next((meta.ge for meta in _metas(kinds[0]) if meta.ge is not None), 1) if kinds else 1
    samples = {bool: "true", str: '"..."', int: f"{least}", float: f"{float(least)}"}
    if get_origin(plain) is list and _plain(get_args(plain)[0]) is str:
        return '["..."]'
    return samples.get(plain, "") if isinstance(plain, type) else ""


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is typing.Annotated else kind


def _is_number(kind: Any) -> bool:
    return _plain(kind) in (int, float)


def _words(kind: Any) -> list[str]:
    return [str(word) for word in get_args(kind)] if get_origin(kind) is typing.Literal else []


def _metas(kind: Any) -> Iterator[msgspec.Meta]:
    """The constraints of a type and of those inside it."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta):
            yield meta
    for part in get_args(kind):
        yield from _metas(part)
