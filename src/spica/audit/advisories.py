"""What is known of the installed packages, as pip-audit tells it, and which of it is ignored.

Rules of this file:
- An advisory has several names (CVE, GHSA, PYSEC): it is shown by the one that people search for, and ignored by any.
- A package that was not looked up is kept with the reason. It has no advisories, and is not without them either.
- What does not look like pip-audit's answer is no answer.
Source: https://github.com/pypa/pip-audit, `--format json`.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import msgspec

_ORDER = ("CVE-", "GHSA-", "PYSEC-")
_OSV_PAGE = "https://osv.dev/vulnerability/"


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of a package: its names, the usual one first; what it is about, in one line; the versions
    that fix it, of all the package's lines."""

    names: tuple[str, ...]
    about: str
    fixed_in: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that it is shown by."""
        return self.names[0]

    @property
    def url(self) -> str:
        """The page that says more. OSV has one for each GHSA and PYSEC, of the CVEs only for some."""
        return _OSV_PAGE + next((name for name in self.names if not name.startswith("CVE-")), self.name)


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package; unknown: why it could not be looked up, "" when it was."""

    name: str
    version: str
    advisories: tuple[Advisory, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What was told of all packages. ignored: the names that left an advisory out; needless: those that left out none;
    notes: what pip-audit had to say besides."""

    packages: tuple[Package, ...]
    ignored: tuple[str, ...] = ()
    needless: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def vulnerable(self) -> list[Package]:
        """The packages with advisories."""
        return [package for package in self.packages if package.advisories]

    @property
    def unknown(self) -> list[Package]:
        """The packages that could not be looked up."""
        return [package for package in self.packages if package.unknown]


class _Vulnerability(msgspec.Struct):
    id: str
    fix_versions: list[str] = []
    aliases: list[str] = []
    description: str = ""


class _Dependency(msgspec.Struct):
    name: str
    version: str = ""
    skip_reason: str = ""
    vulns: list[_Vulnerability] | None = None


class _Answer(msgspec.Struct):
    dependencies: list[_Dependency]


def parse_answer(content: bytes) -> list[Package]:
    """Read pip-audit's JSON.

    Args:    content: what it printed.
    Returns: every package that is installed, by name.
    Raises:  ValueError when this is not an answer about packages, or about none of them: pip-audit itself is one, which
             every service knows.
    """
    packages = sorted(map(_package, msgspec.json.decode(content, type=_Answer).dependencies), key=lambda one: one.name)
    if all(package.unknown for package in packages):
        raise ValueError(
            f"no package was found there: {packages[0].unknown}" if packages else "no package is installed"
        )
    return packages


def ignore(packages: Iterable[Package], names: Collection[str], notes: Iterable[str] = ()) -> Lookup:
    """Leave out the advisories that are known and accepted.

    Args:    packages: as they were told; names: of advisories, any of their names, in any case; notes: of the lookup.
    """
    wanted = {name.upper(): name for name in names}
    used: set[str] = set()
    kept = []
    for package in packages:
        found = [{name.upper() for name in one.names} & wanted.keys() for one in package.advisories]
        used.update(*found)
        left = tuple(one for one, matching in zip(package.advisories, found, strict=True) if not matching)
        kept.append(replace(package, advisories=left))
    return Lookup(
        tuple(kept),
        ignored=tuple(given for name, given in wanted.items() if name in used),
        needless=tuple(given for name, given in wanted.items() if name not in used),
        notes=tuple(notes),
    )


def _package(told: _Dependency) -> Package:
    if told.vulns is None:
        return Package(told.name, told.version or _installed(told.name), unknown=told.skip_reason or "no reason given")
    return Package(told.name, told.version, tuple(_advisory(one) for one in told.vulns))


def _advisory(told: _Vulnerability) -> Advisory:
    names = sorted({told.id, *told.aliases}, key=lambda name: (_rank(name), name))
    return Advisory(tuple(names), " ".join(told.description.split()), tuple(told.fix_versions))


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(_ORDER) if name.startswith(start)), len(_ORDER))


def _installed(name: str) -> str:
    """The version of a package that was not looked up, which pip-audit leaves out."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
