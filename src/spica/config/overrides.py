"""Overrides: environment variables that win over the files, `SPICA__SERVER__PORT=8080` for `port` in `[server]`.

Rules: two underscores part section and key; a section inside a section has one more part. A name that means nothing is
a mistake, as a key in a file is. The value is read as the field's type; a list is written `["a", "b"]` or `a,b`.
"""

from __future__ import annotations

from collections.abc import Mapping

from spica.config.errors import Problem
from spica.config.merge import Setting
from spica.errors.base import closest

PREFIX = "SPICA__"


def apply_overrides(
    merged: dict[str, dict[str, Setting]], known: Mapping[str, frozenset[str]], environ: Mapping[str, str]
) -> list[Problem]:
    """Put the values of environment variables in the place of those from files.

    Args:    merged: settings by section and key, changed in place; known: the keys of each section; environ: variables.
    Returns: the problems with their names.
    """
    problems: list[Problem] = []
    names = {override_name(section, key): (section, key) for section, keys in known.items() for key in keys}
    for variable in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        place = names.get(variable.upper())
        if place is None:
            near = closest(variable.upper(), names)
            fix = f"did you mean {near[0]}?" if near else f"write {PREFIX}SECTION__KEY"
            problems.append(Problem(variable, "names no section and key", fix))
            continue
        section, key = place
        merged[section][key] = Setting(environ[variable], variable, is_text=True)
    return problems


def override_name(section: str, key: str) -> str:
    """The variable that overrides a key: SPICA__SERVER__TLS__CERT for `cert` in "server.tls"."""
    return PREFIX + "__".join([*section.split("."), key]).upper()


def section_of(variable: str) -> str:
    """The outermost section that a variable is for: "server" for SPICA__SERVER__TLS__CERT; "" for any other."""
    upper = variable.upper()
    return upper.removeprefix(PREFIX).partition("__")[0].lower() if upper.startswith(PREFIX) else ""
