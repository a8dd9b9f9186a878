"""`spica maintenance`: the file that `m.Maintenance` looks for, put there and taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from spica.cli.project import find_project

Text = Annotated[str, Parameter(name="TEXT", help="What visitors read; a sentence of ours when it is left out.")]
File = Annotated[
    str,
    Parameter(help="What `m.Maintenance(file=...)` names, where that is not the default; from the project's folder."),
]
FILE = "tmp/maintenance.txt"

app = App(
    name="maintenance",
    help="""Show visitors that the site is being worked on, where config/middleware.py uses m.Maintenance.

For example:

    spica maintenance on "Back at noon"

    spica maintenance off
""",
    help_format="plaintext",
)


@app.command
def on(text: Text = "", /, *, file: File = FILE) -> int:
    """Answer 503 from now on, in every worker, without a restart.

    For example:

        spica maintenance on "Back at noon"
    """
    path = find_project() / file
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.new")
    made.write_text(text, encoding="utf-8")
    made.replace(path)  # no visitor reads half of it
    print(f"on: {path}")
    return 0


@app.command
def off(*, file: File = FILE) -> int:
    """Answer again.

    For example:

        spica maintenance off
    """
    path = find_project() / file
    path.unlink(missing_ok=True)
    print("off")
    return 0


@app.command
def status(*, file: File = FILE) -> int:
    """Say whether it is on, and what visitors read. The exit code is 0 either way.

    For example:

        spica maintenance status
    """
    said = read_text(find_project() / file)
    print("off" if said is None else f"on: {said}" if said else "on")
    return 0


def read_text(path: Path) -> str | None:
    """What visitors are told; None when it is off."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
