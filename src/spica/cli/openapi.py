"""`spica openapi`: the API document, printed, written to a file, or compared with one."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spica.cli.application import load_application
from spica.cli.errors import UsageError


def openapi(
    target: Annotated[
        str | None, Parameter(name="APP", help="module:name; main:app or app:app when it is left out.")
    ] = None,
    /,
    *,
    out: Annotated[Path | None, Parameter(help="Write it to this file.")] = None,
    check: Annotated[Path | None, Parameter(help="Compare it with this file; exit code 1 when they differ.")] = None,
) -> int:
    """Print the OpenAPI 3.1 document of the application: as JSON, or as YAML where the file's name ends so.

    For example:

        spica openapi --out openapi.json

        spica openapi --out openapi.yaml

        spica openapi --check openapi.json
    """
    # Lazy: only this command needs it.
    from spica.openapi.pages import render_document
    from spica.openapi.yaml import render_yaml

    if out is not None and check is not None:
        raise UsageError("--out and --check exclude each other")
    if check is not None and not check.is_file():
        raise UsageError(f"there is no file {check}: write it with spica openapi --out {check}")
    render = render_yaml if (out or check or Path()).suffix in (".yaml", ".yml") else render_document
    text = render(load_application(target).openapi())
    if check is not None:
        return _compare(check, text)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
    return 0


def _compare(file: Path, text: str) -> int:
    """Print how a stored document differs from the application's. Returns the exit code."""
    stored = file.read_text(encoding="utf-8")
    if stored == text:
        return 0
    lines = difflib.unified_diff(stored.splitlines(), text.splitlines(), str(file), "the application", lineterm="")
    print("\n".join(lines))
    print(f"{file} is not what the application does: spica openapi --out {file}", file=sys.stderr)
    return 1
