"""Stylesheets: the files that `url(…)` and `@import` name, and the sheet with their built addresses.

Rules of this file:
- Comments and strings of other kinds are passed over; addresses of other hosts, `data:` and `#fragment` stay.
- A relative address, and one below `/assets/`, must name an asset: a page without its font is a mistake to find now.
Source: CSS Syntax Level 3 section 4 (comments, strings, url), CSS Cascade Level 5 section 2 (@import).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import dirname, join, normpath
from typing import NamedTuple
from urllib.parse import quote, unquote

from spica.assets.sources import PREFIX

_TOKEN = re.compile(
    r"""
      /\*.*?(?:\*/|\Z)                                                       # a comment
    | (?P<open>(?:\burl|\bsrc)\(\s*)(?P<quote>["'])(?P<quoted>(?:\\.|(?!(?P=quote))[^\\\n])*)(?P=quote)
    | (?P<open_bare>\burl\(\s*)(?P<bare>[^\s"'()\\]+)(?=\s*\))
    | (?P<open_import>@import\s+)(?P<quote_import>["'])(?P<imported>[^"'\\\n]*)(?P=quote_import)
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'                              # any other string
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|$")


class Reference(NamedTuple):
    """A file that a stylesheet names: the asset's name, the address as it stands there, and its line."""

    name: str
    written: str
    line: int


def find_references(name: str, text: str) -> list[Reference]:
    """Find the assets that a stylesheet names.

    Args: name: of the sheet, which relative addresses start from; text: its content.
    """
    found = []
    for match in _TOKEN.finditer(text):
        written = _address(match)
        target = _resolve(name, written) if written is not None else None
        if written is not None and target is not None:
            found.append(Reference(target, written, text.count("\n", 0, match.start()) + 1))
    return found


def rewrite(name: str, text: str, address_of: Callable[[str], str]) -> str:
    """The stylesheet with the built address of each asset that it names; what follows `?` or `#` stays."""

    def replace(match: re.Match[str]) -> str:
        written = _address(match)
        target = _resolve(name, written) if written is not None else None
        if written is None or target is None:
            return match.group()
        address = quote(address_of(target)) + written[len(_path_of(written)) :]
        return match.group().replace(written, address)

    return _TOKEN.sub(replace, text)


def _address(match: re.Match[str]) -> str | None:
    return next((value for value in match.group("quoted", "bare", "imported") if value is not None), None)


def _path_of(address: str) -> str:
    return re.split(r"[?#]", address, maxsplit=1)[0]


def _resolve(sheet: str, address: str) -> str | None:
    """The name of the asset at an address of a stylesheet; None for what is no asset."""
    if _ELSEWHERE.match(address):
        return None
    path = unquote(_path_of(address))
    if not path.startswith("/"):
        return normpath(join(dirname(sheet), path))
    return path.removeprefix(PREFIX) if path.startswith(PREFIX) else None
