"""Environment variables and secrets inside values.

${NAME}   ${NAME:-default}   ${secrets.stripe.key}   ${secrets.stripe.key:-default}   $${ is a literal ${
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_REFERENCE = re.compile(r"\$(\$\{)|\$\{(secrets(?:\.[A-Za-z0-9_-]+?)+|[A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SECRETS = "secrets."


class Unset(LookupError):
    """A value needs a variable that is not set and has no default; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def list_references(text: str) -> list[str]:
    """The names that a text refers to, as they are written: `HOME`, `secrets.stripe.key`."""
    return [match[2] for match in _REFERENCE.finditer(text) if match[2]]


def _no_secrets(name: str, has_default: bool) -> str | None:
    return None


def interpolate(
    text: str, environ: Mapping[str, str], read_secret: Callable[[str, bool], str | None] = _no_secrets
) -> str:
    """Replace the references in a text.

    Args:    text: a value from a file; environ: the environment variables. An empty variable counts as unset when
             there is a default, as in the shell; read_secret: gives a secret by its dotted name,
             told whether there is a default; None when there is none.
    Returns: the text; the same object when there is no reference in it.
    Raises:  Unset naming the first variable that is missing.
    """
    if "${" not in text:
        return text

    def value_of(match: re.Match[str]) -> str:
        literal, name, default = match.groups()
        if literal:
            return "${"
        if name.startswith(_SECRETS):
            value = read_secret(name.removeprefix(_SECRETS), default is not None)
        else:
            value = environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise Unset(name)
        return value

    return _REFERENCE.sub(value_of, text)
