"""Text that is HTML already: `Safe`, which escaping leaves alone, and the `__html__` protocol it shares with others.

Rules of this file:
- What is joined to safe text is escaped; methods of `str` that are not listed here return plain `str`, which is escaped
  when it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

from spica._core import escape


class Safe(str):
    """HTML that is written as it is.

    Example:
        >>> Safe("<b>{}</b>").format("a < b")
        Safe('<b>a &lt; b</b>')
    """

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return f"Safe({str.__repr__(self)})"

    def __add__(self, other: object) -> Safe:
        return Safe(str(self) + html_of(other))

    def __radd__(self, other: object) -> Safe:
        return Safe(html_of(other) + str(self))

    def __mul__(self, times: SupportsIndex) -> Safe:
        return Safe(str(self) * times)

    def join(self, values: Iterable[object], /) -> Safe:
        """Join values, each escaped unless it is HTML already."""
        return Safe(str(self).join([html_of(value) for value in values]))

    def format(self, *values: Any, **named: Any) -> Safe:
        """Fill `{}` places with values, each escaped unless it is HTML already.

        Raises: KeyError, IndexError as `str.format`. Format specs and attribute access see the escaped text.
        """
        escaped = {name: html_of(value) for name, value in named.items()}
        return Safe(str(self).format(*[html_of(value) for value in values], **escaped))


def raw(value: object) -> Safe:
    """Write a value as it is, in templates `{{ raw(post.html) }}`: the only way around escaping.

    Args: value: HTML that you vouch for; None is "".
    """
    return Safe("" if value is None else value)


def html_of(value: object) -> str:
    """The HTML of any value: None is "", `__html__` is believed, the rest is `str()` escaped."""
    if value is None:
        return ""
    html = str(value) if type(value) is Safe else own_html(value)
    return escape(str(value)) if html is None else html


def own_html(value: object) -> str | None:
    """The HTML that a value says it is, by `__html__`; None for all others."""
    # Not isinstance() of a protocol: on Python 3.11 that walks the protocol's attributes, 10 µs for a value.
    render = getattr(value, "__html__", None)
    return None if render is None else str(render())
