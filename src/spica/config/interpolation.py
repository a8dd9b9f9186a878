"""Environment variables inside values: `${NAME}` and `${NAME:-default}`; `$${` is a literal `${`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Unset(LookupError):
    """A value needs a variable that is not set and has no default; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def interpolate(text: str, environ: Mapping[str, str]) -> str:
    """Replace the references in a text.

    Args:    text: a value from a file; environ: the environment variables. An empty variable counts as unset when
             there is a default, as in the shell.
    Returns: the text; the same object when there is no reference in it.
    Raises:  Unset naming the first variable that is missing.
    """
    if "${" not in text:
        return text

    def value_of(match: re.Match[str]) -> str:
        literal, name, default = match.groups()
        if literal:
            return "${"
        value = environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise Unset(name)
        return value

    return _REFERENCE.sub(value_of, text)
