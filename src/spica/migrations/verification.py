"""Verification: what `spica db verify` found out about each migration.

States of one migration, run on a scratch database with rows in its tables:
- reversible: up, down, up, and each time the same tables as before.
- one-way: the class says `irreversible = "why"`; it was run up only.
- failed: going down or up again was refused, or left other tables.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Verification:
    """One migration's result. why: the reason of "failed" and "one-way"; without_rows: tables that stayed empty."""

    version: str
    name: str
    result: Literal["reversible", "one-way", "failed"]
    why: str = ""
    without_rows: dict[str, str] = field(default_factory=dict)


def compare_schemas(before: str, after: str) -> str:
    """Say how two dumps differ; "" when they don't. A column that comes back may stand at another place."""
    left, right = (_lines(text) for text in (before, after))
    changes = [line for line in difflib.unified_diff(left, right, n=0, lineterm="") if line[:2] not in ("--", "++")]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changes if line[0] in "+-")


def _lines(text: str) -> list[str]:
    """Sort the lines of each table's block below its first."""
    lines = []
    for block in text.partition("def change")[2].split("\n\n"):
        head, *rest = block.splitlines()
        lines += [head, *sorted(rest)]
    return lines
