"""What `spica audit` found, as its user reads it and as scripts do.

Rules of this file:
- A row an advisory; the command stands in the first row of its package, as it fixes them all.
- What was not looked up, ignored or warned of is named, so that the last line never says more than is known.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spica.audit.advisories import Lookup
from spica.audit.upgrades import build_command, find_fix
from spica.checks.finding import Finding
from spica.cli.findings import build_row, count_findings, render_finding
from spica.cli.terminal import paint
from spica.errors.base import SpicaError

_HEADINGS = ("PACKAGE", "VERSION", "ADVISORY", "FIXED IN", "FIX")
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found. root: the project's folder; findings: in its code; lookup: of the packages, None where error
    says why there is none."""

    root: Path
    findings: list[Finding]
    lookup: Lookup | None = None
    error: SpicaError | None = None

    @property
    def has_findings(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.findings or (self.lookup is not None and self.lookup.vulnerable))


def render_text(report: Report) -> str:
    """Lay the report out for people."""
    blocks = [] if report.lookup is None else [*_lookup_blocks(report.lookup, report.root)]
    return "\n\n".join([*blocks, *map(render_finding, report.findings), _summary(report)])


def render_json(report: Report) -> str:
    """Write the report as JSON; what was not looked up is null, and the error says why."""
    lookup, error = report.lookup, report.error
    data: dict[str, Any] = {
        "packages": None if lookup is None else len(lookup.packages),
        "vulnerabilities": None if lookup is None else [*_vulnerability_rows(lookup, report.root)],
        "not_looked_up": None if lookup is None else [
            {"package": one.name, "version": one.version, "reason": one.unknown} for one in lookup.unknown
        ],
        "ignored": [] if lookup is None else list(lookup.ignored),
        "needless_ignores": [] if lookup is None else list(lookup.needless),
        "notes": [] if lookup is None else list(lookup.notes),
        "findings": list(map(build_row, report.findings)),
        "error": None
        if error is None
        else {"code": error.code, "what": error.what, "where": error.where, "why": error.why, "fix": error.fix},
    }  # fmt: skip
    return json.dumps(data, indent=2, ensure_ascii=False)


def _vulnerability_rows(lookup: Lookup, root: Path) -> Iterator[dict[str, Any]]:
    for package in lookup.vulnerable:
        for one in package.advisories:
            yield {
                "package": package.name,
                "version": package.version,
                "advisory": one.name,
                "aliases": list(one.names[1:]),
                "about": one.about,
                "url": one.url,
                "fixed_in": find_fix(package.version, one.fixed_in) or None,
                "command": build_command(package, root) or None,
            }


def _lookup_blocks(lookup: Lookup, root: Path) -> Iterator[str]:
    if lookup.vulnerable:
        yield _render_table(lookup, root)
    if lookup.unknown:
        names = [f"{one.name} {one.version}".rstrip() for one in lookup.unknown]
        width = max(map(len, names))
        rows = [f"{_INDENT}{name:{width}}  {one.unknown}" for name, one in zip(names, lookup.unknown, strict=True)]
        yield "\n".join([paint(f"not looked up: {_count(len(rows), 'package')}", "yellow"), *rows])
    if lookup.notes:
        yield "\n".join([paint("pip-audit warns", "yellow"), *(f"{_INDENT}{note}" for note in lookup.notes)])
    if lookup.ignored:
        yield f"ignored: {', '.join(lookup.ignored)}"
    if lookup.needless:
        yield (
            paint(f"ignored, but no package has it: {', '.join(lookup.needless)}", "yellow")
            + f"\n{_INDENT}no longer ignore it"
        )


def _render_table(lookup: Lookup, root: Path) -> str:
    rows, abouts = [], []
    for package in lookup.vulnerable:
        command = build_command(package, root) or "no version fixes it yet"
        for number, one in enumerate(package.advisories):
            fixed = find_fix(package.version, one.fixed_in) or "-"
            rows.append((package.name, package.version, one.name, fixed, command if number == 0 else ""))
            abouts.append(one.about)
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [paint(_align(_HEADINGS, widths), "bold")]
    for row, about in zip(rows, abouts, strict=True):
        package_name, rest = row[0].ljust(widths[0]), _align(row[1:], widths[1:])
        lines.append(f"{paint(package_name, 'red')}  {rest}".rstrip())
        room = shutil.get_terminal_size((120, 24)).columns - len(_INDENT)
        if short := textwrap.shorten(about, max(room, 40), placeholder=" ..."):
            lines.append(paint(_INDENT + short, "dim"))
    return "\n".join(lines)


def _align(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _summary(report: Report) -> str:
    code = f"in the project's code: {count_findings(report.findings) or 'nothing found'}"
    if report.lookup is None:
        return f"the packages were not looked up; {code}"
    known = len(report.lookup.packages) - len(report.lookup.unknown)
    found = sum(len(package.advisories) for package in report.lookup.vulnerable)
    vulnerabilities = "vulnerability" if found == 1 else "vulnerabilities"
    packages = f"{_count(known, 'package')} looked up: {found or 'no'} known {vulnerabilities}"
    return paint(f"{packages}; {code}", "red" if report.has_findings else "green")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
