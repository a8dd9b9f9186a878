"""`spica console`: Python with the application loaded."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from spica.cli.application import load_application


def console(
    target: Annotated[
        str | None, Parameter(name="APP", help="module:name; main:app or app:app when it is left out.")
    ] = None,
    /,
    *,
    env: Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment.")] = None,
) -> int:
    """Python with the application started, its models imported, and top-level await.

    For example:

        spica console

        echo 'print(await Post.count())' | spica console
    """
    # Lazy: the interpreter's modules and the models are for this command alone.
    from spica.cli.interpreter import run_console

    return run_console(load_application(target, env))
