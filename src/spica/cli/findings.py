"""What a check found, as its user reads it and as scripts do; `spica check` and `spica audit` tell it alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spica.cli.terminal import paint

if TYPE_CHECKING:  # what checks is loaded when a command runs
    from spica.checks.finding import Finding

_COLOURS = {"error": "red", "warning": "yellow"}


def render_finding(finding: Finding) -> str:
    """Write a finding in lines: severity, code and what; where, why, fix and docs below it."""
    severity = paint(finding.severity, _COLOURS[finding.severity])
    lines = [f"{severity}  {finding.code}  {finding.what}  [{finding.check}]"]
    parts = (("where", finding.place), ("why", finding.why), ("fix", finding.fix), ("docs", finding.docs))
    for label, text in parts:
        for number, line in enumerate(text.splitlines()):
            lines.append(f"  {label if number == 0 else '':<6} {line}")
    return "\n".join(lines)


def count_findings(findings: Sequence[Finding]) -> str:
    """Say how many there are: "1 error, 2 warnings"; "" for none."""
    counts = [(kind, sum(one.severity == kind for one in findings)) for kind in ("error", "warning")]
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts if count)


def build_row(finding: Finding) -> dict[str, Any]:
    """A finding as data for JSON."""
    return {**dataclasses.asdict(finding), "docs": finding.docs}
