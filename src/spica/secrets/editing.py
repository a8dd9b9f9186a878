"""Setting one value in a TOML text by hand's rules: everything else stays, comments and order too.

Rules: only lines of the form `key = value` are touched. The outcome is parsed and compared with what was meant; if it
is anything else, the text is left to an editor.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from spica.secrets.errors import NoSuchSecret, SecretsNotToml
from spica.secrets.store import parse_toml

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.\s-]+?)\s*\]\s*(#.*)?")


def set_value(text: str, name: str, value: str) -> str:
    """Set a value, or add it.

    Args:    text: TOML; name: dotted; value: becomes a string.
    Returns: the new text.
    Raises:  NoSuchSecret for a name that can't be one; SecretsNotToml when the text can't be changed line by line.
    """
    if not _NAME.fullmatch(name):
        raise NoSuchSecret(f"{name!r} can't name a secret", fix="letters, digits, - and _, parted by dots: stripe.key")
    before = parse_toml(text, "the secrets")
    meant = _with_value(before, name.split("."), value)
    line = f"{name.rpartition('.')[2]} = {quote(value)}"
    for candidate in _candidates(text.splitlines(), name, line):
        changed = "\n".join(candidate) + "\n"
        if meant is not None and _parses_to(changed, meant):
            return changed
    raise SecretsNotToml(
        f"{name} can't be set by a line of its own",
        why="a value or table of another form stands in its place",
        fix="change it in the editor: spica secrets edit",
    )


def quote(value: str) -> str:
    """Write a text as a TOML string."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(sign) or (sign if sign.isprintable() else _code(sign)) for sign in value) + '"'


def _code(sign: str) -> str:
    return f"\\u{ord(sign):04X}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08X}"


def _with_value(table: dict[str, Any], path: list[str], value: str) -> dict[str, Any] | None:
    meant = copy.deepcopy(table)
    inner = meant
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            return None
    if isinstance(inner.get(path[-1]), dict):
        return None
    inner[path[-1]] = value
    return meant


def _candidates(lines: list[str], name: str, line: str) -> list[list[str]]:
    """Texts that may be it: the line replaced, put under its header, or added with a header."""
    section = name.rpartition(".")[0]
    found: list[list[str]] = []
    current = ""
    for at, old in enumerate(lines):
        header = _HEADER.fullmatch(old)
        if header:
            current = re.sub(r"\s*\.\s*", ".", header[1])
        written, equals, _ = old.partition("=")
        if equals and ".".join(filter(None, [current, written.strip().strip("\"'")])) == name:
            found.append([*lines[:at], f"{written.rstrip()} = {line.partition(' = ')[2]}", *lines[at + 1 :]])
        if header and current == section:
            found.append([*lines[: at + 1], line, *lines[at + 1 :]])
    if not section:
        first = next((at for at, old in enumerate(lines) if old.lstrip().startswith("[")), len(lines))
        found.append([*lines[:first], line, *lines[first:]])
    else:
        found.append([*lines, *([""] if lines else []), f"[{section}]", line])
    return found


def _parses_to(text: str, meant: dict[str, Any]) -> bool:
    try:
        return parse_toml(text, "the secrets") == meant
    except SecretsNotToml:
        return False
