"""`spica dev`: serve, and restart when a file changes."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from spica.cli.application import application_folder
from spica.cli.development import Development


def dev(
    target: Annotated[
        str | None, Parameter(name="APP", help="module:name; main:app or app:app when it is left out.")
    ] = None,
    /,
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(name=("--port", "-p"), help="Port to listen on.")] = None,
    env: Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment.")] = None,
) -> int:
    """Serve, and restart when a file changes.

    Changes of .py and .toml files restart the server; views are reloaded without that. A mistake in a file is shown,
    and the next change tried.

    For example:

        spica dev

        spica dev --port 8000
    """
    root = application_folder(target)
    return Development(root, build_command(target, host=host, port=port, env=env)).run()


def build_command(target: str | None, **options: str | int | None) -> list[str]:
    """Build the command line of the server process: this interpreter, and the options that were given."""
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    return [sys.executable, "-m", "spica.cli.main", "server", *([target] if target else []), *given]
