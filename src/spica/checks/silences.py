"""Silences: `# spica: allow(raw-output) why it is fine here`, on the line of a finding or alone on the line above it.

In templates `{# spica: allow(raw-output) why #}`. One without a reason does not count. One that silences nothing is
told itself: it would hide the next mistake on its line.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spica.checks.finding import Finding
from spica.checks.project import Project
from spica.templates.loader import SUFFIXES

_MARK = re.compile(r"(?:#|\{\{~?!(?:--)?)\s*spica:\s*allow\(([a-z-]*)\)\s*(.*?)\s*(?:(?:#\}|%>|(?:--)?~?\}\}).*)?$")


@dataclass(slots=True)
class Silence:
    """One comment: the check that it silences, the reason, the line it is about, and whether it was needed."""

    file: str
    line: int
    about: int
    check: str
    reason: str
    is_used: bool = field(default=False)


def read_silences(project: Project) -> list[Silence]:
    """Find the comments of the project's Python, templates and configuration."""
    found: list[Silence] = []
    for file in project.python_files:
        if "spica:" in file.text:
            found += _in_lines(file.name, _comments(file.text), file.text.splitlines())
    views = [
        path
        for root in (*project.templates.roots, *project.templates.components)
        for path in root.rglob("*")
        if path.name.endswith(SUFFIXES)
    ]
    for path in sorted([*views, *(project.root / "config").glob("*.toml")]):
        lines = _read(path).splitlines()
        found += _in_lines(project.relative(path), dict(enumerate(lines, 1)), lines)
    return found


def apply_silences(findings: list[Finding], silences: list[Silence]) -> list[Finding]:
    """Leave out what is silenced with a reason, and note which silences were needed."""
    kept = []
    for finding in findings:
        matching = [
            one
            for one in silences
            if (one.file, one.about, one.check) == (finding.file, finding.line, finding.check) and one.reason
        ]
        for one in matching:
            one.is_used = True
        if not matching:
            kept.append(finding)
    return kept


def _in_lines(name: str, comments: dict[int, str], lines: list[str]) -> Iterator[Silence]:
    for number, comment in comments.items():
        if match := _MARK.search(comment):
            line = lines[number - 1].strip()
            is_alone = line.startswith("#") or any(
                line.startswith(start) and line.find(end) in (-1, len(line) - 2)
                for start, end in (("{#", "#}"), ("<%#", "%>"), ("{{!", "}}"))
            )
            yield Silence(name, number, number + 1 if is_alone else number, match[1], match[2])


def _comments(text: str) -> dict[int, str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
