"""What scripts ask of channels: `new Socket("/socket")` and `socket.channel("room:7")`, in assets and in templates.

Rules of this file:
- Only a script that imports `phoenix` is read: other libraries have a `channel` too.
- An address or topic counts as far as it is written out; what is put into it may be any text, `VALUE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from spica.checks.project import Project
from spica.checks.template_markup import VALUE
from spica.templates.loader import SUFFIXES

_ASSETS = "app/assets"
_SCRIPTS = (".js", ".mjs", ".ts")
_SKIPPED = {"node_modules", ".git"}
_PHOENIX = re.compile(r"""(?:\bfrom|\bimport\s*\(?)\s*["']phoenix["']""")
_LITERAL = r"""\(\s*(?P<quote>["'`])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\s*(?P<more>\+)?"""
_USES: dict[Literal["socket", "channel"], re.Pattern[str]] = {
    "socket": re.compile(rf"\bnew\s+Socket{_LITERAL}"),
    "channel": re.compile(rf"\.channel{_LITERAL}"),
}
_INSERTED = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}|\{%.*?%\}|<%.*?%>")


class Use(NamedTuple):
    """One address or topic in a script; `text` has VALUE where something is put in."""

    file: str
    line: int
    kind: Literal["socket", "channel"]
    text: str


def find_uses(project: Project) -> Iterator[Use]:
    """Every address and topic that a script of the project names."""
    for path in sorted([*_scripts(project), *_templates(project)]):
        yield from read_uses(project.relative(path), _read(path))


def find_lost_imports(project: Project) -> Iterator[tuple[str, int]]:
    """File and line of imports of `phoenix` that no browser can resolve: no page has an import map.

    Where there is a package.json a bundler may resolve them, and nothing is said.
    """
    if (project.root / "package.json").exists():
        return
    templates = list(_templates(project))
    if any("importmap" in _read(path) for path in templates):
        return
    for path in sorted([*_scripts(project), *templates]):
        text = _read(path)
        if path.suffix != ".ts" and (found := _PHOENIX.search(text)):
            yield project.relative(path), text.count("\n", 0, found.start()) + 1


def read_uses(file: str, text: str) -> Iterator[Use]:
    """The addresses and topics in one file's text, by line."""
    if not _PHOENIX.search(text):
        return
    lines = text.splitlines()
    found = [(match, kind) for kind, pattern in _USES.items() for match in pattern.finditer(text)]
    for match, kind in sorted(found, key=lambda one: one[0].start()):
        line = text.count("\n", 0, match.start())
        if lines[line].lstrip().startswith(("//", "*", "/*", "<!--")):
            continue
        yield Use(file, line + 1, kind, _INSERTED.sub(VALUE, match["text"]) + (VALUE if match["more"] else ""))


def _scripts(project: Project) -> Iterator[Path]:
    for path in (project.root / _ASSETS).rglob("*"):
        if path.suffix in _SCRIPTS and not _SKIPPED & set(path.parts):
            yield path


def _templates(project: Project) -> Iterator[Path]:
    for root in project.templates.roots:
        for path in root.rglob("*"):
            if path.name.endswith(SUFFIXES) and not _SKIPPED & set(path.parts):
                yield path


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
