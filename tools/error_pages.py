"""Writes docs/reference/errors.md from the error classes: their codes and docstrings are the page.

`--check` writes nothing and fails when the page is out of date or a code is used twice.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

import spica
from spica.errors.base import SpicaError

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "errors.md"
AREAS = {
    "A": "Application and controllers",
    "C": "Configuration and security",
    "D": "Data and models",
    "G": "Commands and generators",
    "H": "HTTP and middleware",
    "I": "Injection",
    "K": "Test kit",
    "M": "Migrations",
    "P": "Pub/sub",
    "R": "Routing",
    "S": "Server",
    "T": "Templates",
    "W": "Channels",
}


def error_classes() -> list[type[SpicaError]]:
    """Import every module and collect the classes that have a code of their own, by code."""
    for module in pkgutil.walk_packages(spica.__path__, "spica."):
        if ".generators.files" not in module.name and not module.name.endswith(("_core", "__main__")):
            importlib.import_module(module.name)
    found: list[type[SpicaError]] = []
    waiting = [SpicaError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "code" in vars(kind) and kind is not SpicaError and kind not in found:
            found.append(kind)
    return sorted(found, key=lambda kind: kind.code)


def render_page(classes: list[type[SpicaError]]) -> str:
    """Render the page."""
    lines = ["# Errors", "", "Made from the classes by `make docs`. Each error says what, where, why and the fix.", ""]
    for letter, area in AREAS.items():
        rows = [kind for kind in classes if kind.code.startswith(f"SPICA-{letter}")]
        if not rows:
            continue
        lines += [f"## {area}", ""]
        for kind in rows:
            lines += [f"### {kind.code}", "", f"`{kind.__module__}.{kind.__name__}`", "", _doc(kind), ""]
    return "\n".join(lines)


def _doc(kind: type[SpicaError]) -> str:
    doc = kind.__dict__.get("__doc__")
    if not doc:
        raise SystemExit(f"{kind.__module__}.{kind.__name__} ({kind.code}) has no docstring, which is its page")
    return " ".join(doc.split())


def main() -> int:
    """Write or check the page; returns the exit code."""
    classes = error_classes()
    codes = [kind.code for kind in classes]
    if doubles := sorted({code for code in codes if codes.count(code) > 1}):
        print(f"used by several classes: {', '.join(doubles)}", file=sys.stderr)
        return 1
    page = render_page(classes)
    if "--check" not in sys.argv:
        PAGE.write_text(page)
    elif not PAGE.exists() or PAGE.read_text() != page:
        print(f"{PAGE.name} is out of date: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
