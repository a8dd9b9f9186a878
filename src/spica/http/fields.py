"""Fields (headers): a read-only view of a request's, and the check of a response's.

Rules: names are lower-case inside and compared without case; nothing is copied until it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from spica.http.errors import InvalidField

if TYPE_CHECKING:
    from spica._core import Request as NativeRequest

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


class Headers(Mapping[str, str]):
    """A request's fields as a mapping that ignores case.

    Repeated fields are joined with ", " (RFC 9110 section 5.3); `get_all` keeps them apart.
    """

    __slots__ = ("_native",)

    def __init__(self, native: NativeRequest) -> None:
        self._native = native

    def __getitem__(self, name: str) -> str:
        value = self._native.field(name.lower())
        if value is None:
            raise KeyError(name)
        return value

    def get_all(self, name: str) -> list[str]:
        """Return every value of a field, in order; [] when it is absent."""
        return self._native.field_values(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._native.field(name.lower()) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._native.fields))

    def __len__(self) -> int:
        return len({name for name, _ in self._native.fields})

    def __repr__(self) -> str:
        return f"Headers({self._native.fields!r})"


def is_token(text: str) -> bool:
    """Tell whether text is a token of RFC 9110 section 5.6.2: what field and cookie names are made of."""
    return _TOKEN(text) is not None


def check_field(name: str, value: str) -> tuple[str, str]:
    """Refuse a field that must not be sent, where the program still knows who made it.

    Args:    name: any case; value: latin-1 text.
    Returns: the pair with its name in lower case.
    Raises:  InvalidField when the name is not a token or the value holds a control byte or a character above U+00FF.
    Source:  RFC 9110 sections 5.1 and 5.5. The core checks once more when it writes.
    """
    lower = _check_name(name)
    # Nearly all values are of printable ASCII; what an expression finds takes ten times as long.
    if not (value.isascii() and value.isprintable()) and _VALUE(value) is None:
        raise InvalidField(
            f"the value of the field {name!r} can't be sent: {value[:80]!r}",
            why="a line break would start another field, and only latin-1 travels in fields (RFC 9110 section 5.5)",
            fix="percent-encode it: spica.http.url.quote(value)",
        )
    return lower, value


@lru_cache(maxsize=256)
def _check_name(name: str) -> str:
    """The name in lower case; an application sets the same few."""
    if _TOKEN(name) is None:
        raise InvalidField(
            f"{name!r} is not a field name",
            why="names are letters, digits and -_.!#$%&'*+^`|~ (RFC 9110 section 5.1)",
            fix="take a fixed name and put what varies into the value",
        )
    return name.lower()
