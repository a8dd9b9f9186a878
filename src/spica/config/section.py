"""Section: what a table of config/*.toml becomes, and how it shows itself without its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from spica.telemetry.redaction import HIDDEN, is_secret, mask_url

_MARK = "spica-secret"
Secret = Annotated[str, msgspec.Meta(extra={_MARK: True})]
"""A text that is never shown: the type of a section's field that holds a password, a key or a token."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration; fields are its keys.

    Rules: a field of the type `Secret`, or with a name such as `password` or `api_key`, is hidden when the section is
    printed, logged or shown on the debug page; so are passwords in addresses.
    Example:
        >>> class Billing(Section):
        ...     api_key: Secret
        ...     timeout_s: float = 5.0
        >>> Billing("sk_live_1")
        Billing(api_key='[hidden]', timeout_s=5.0)
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in show_fields(self))})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(show_fields(self))


def show_fields(section: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """Name and value of each field, secrets hidden; where the types can't be known, every text."""
    try:
        marked = {field.name: is_marked(field.type) for field in msgspec.structs.fields(section)}
    except NameError:  # a class in a function, whose annotations name what is local there: a repr must not fail
        marked = {name: isinstance(getattr(section, name), str) for name in section.__struct_fields__}
    for name, is_hidden in marked.items():
        yield name, show(name, getattr(section, name), is_marked=is_hidden)


def show(name: str, value: Any, *, is_marked: bool = False) -> Any:
    """The value as it may be shown: itself, or with what is secret hidden.

    Args:    name: of its field; is_marked: whether it is secret whatever its name.
    """
    if value in (None, "", [], {}) or isinstance(value, msgspec.Struct):
        return value
    if is_marked:
        return HIDDEN
    if isinstance(value, bool | int | float):
        return value
    if is_secret(name):
        return [HIDDEN] * len(value) if isinstance(value, list) else HIDDEN
    if isinstance(value, str):
        return mask_url(value)
    if isinstance(value, list):
        return [show("", item) for item in value]
    if isinstance(value, dict):
        return {key: show(str(key), item) for key, item in value.items()}
    return value


def is_marked(kind: Any) -> bool:
    """Whether a field's type is `Secret`, or one that has it inside."""
    if getattr(kind, "__metadata__", None) and any((meta.extra or {}).get(_MARK) for meta in _metas(kind)):
        return True
    return any(is_marked(part) for part in getattr(kind, "__args__", ()))


def _metas(kind: Any) -> list[msgspec.Meta]:
    return [meta for meta in kind.__metadata__ if isinstance(meta, msgspec.Meta)]
