"""The path helpers' names for editors, kept true by the commands that change routes."""

from __future__ import annotations

import sys
from pathlib import Path

from spica.cli.application import load_application
from spica.cli.terminal import paint
from spica.routing.stub import STUB, write_stub


def refresh_stub(root: Path) -> None:
    """Write a project's app/paths.pyi anew, where it has one. What keeps the application from loading is only told."""
    if not (root / STUB).is_file():
        return
    try:
        helpers = load_application().paths.all_helpers
    except Exception as error:  # whatever the project's own modules raise
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        note = f"{STUB} stays as it was, because the application does not load: {first}"
        print(paint(note, "yellow", sys.stderr), file=sys.stderr)
        return
    if write_stub(root, helpers):
        print(f"{paint('update'.rjust(10), 'green')}  {STUB}")
