"""Which version to install instead of a vulnerable one, and what to type for it.

Rules of this file:
- Of several fixed versions the least above the installed one is meant: a fix asks for no new major version.
- One command a package, for the highest of its advisories' fixes.
- Who manages the packages is told by the lock file; without one it is pip.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from spica.audit.advisories import Package

_MANAGERS = {
    "uv.lock": "uv sync --upgrade-package {name}",
    "poetry.lock": "poetry update {name}",
    "pdm.lock": "pdm update {name}",
}


def find_fix(version: str, fixed_in: Iterable[str]) -> str:
    """Choose the version that fixes an advisory.

    Args:    version: the installed one; fixed_in: those that the advisory names, of any of the package's lines.
    Returns: the least of them that is above the installed one, "" when there is none.
    """
    # Lazy: it comes with pip-audit, which is optional.
    from packaging.version import Version

    above = [fixed for fixed in map(Version, fixed_in) if fixed > Version(version)]
    return str(min(above)) if above else ""


def find_target(package: Package) -> str:
    """The version that fixes all of a package's advisories that are fixed at all; "" when none is."""
    # Lazy: as above.
    from packaging.version import Version

    fixes = [fix for one in package.advisories if (fix := find_fix(package.version, one.fixed_in))]
    return max(fixes, key=Version, default="")


def build_command(package: Package, root: Path) -> str:
    """Put together what to type.

    Args:    package: with its advisories; root: the project's folder, which may have a lock file.
    Returns: the command, "" when no version fixes anything.
    """
    target = find_target(package)
    if not target:
        return ""
    for lock, command in _MANAGERS.items():
        if (root / lock).is_file():
            return command.format(name=package.name)
    # The fix and later ones of its line: with >= alone pip would go to the newest major version.
    return f"pip install '{package.name}{'~=' if '.' in target else '>='}{target}'"
