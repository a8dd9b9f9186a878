"""`spica server`: serve an application.

Rules of this file:
- The time from here to the first answer is measured, so nothing is imported that serving does not need.
- What is typed wins over [server] in config/, which wins over the defaults.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from spica.cli.arguments import Option, parse
from spica.cli.errors import UsageError

HIGHEST_PORT = 65_535
OPTIONS = [
    Option("host", str, "address to listen on [127.0.0.1]"),
    Option("port", int, "port to listen on, 0 for any free one [3000]", "p"),
    Option("env", str, "environment: development, test or production [SPICA_ENV or development]", "e"),
    Option("quiet", bool, "no line for each request", "q"),
    Option("help", bool, "show this", "h"),
]


def server(arguments: Sequence[str]) -> int:
    """Serve an application until it is interrupted.

    Args:    arguments: what was typed after `spica server`.
    Returns: the exit code.
    Raises:  UsageError, TargetError, PortInUseError and what the application raises when it starts.
    """
    targets, options = parse("spica server", OPTIONS, arguments)
    if options.pop("help", False):
        print(render_help())
        return 0
    if len(targets) > 1:
        raise UsageError(f'spica server takes one application, "{targets[0]}" or "{targets[1]}"')
    if not 0 <= options.get("port", 0) <= HIGHEST_PORT:
        raise UsageError(f"{options['port']} is no port: ports are 0 (any free one) to {HIGHEST_PORT}")
    if "env" in options:
        os.environ["SPICA_ENV"] = options.pop("env")
    _serve(targets[0] if targets else None, options)
    return 0


def render_help() -> str:
    """Write what `spica server --help` prints."""
    width = max(len(option.usage) for option in OPTIONS)
    lines = [f"  {option.usage.ljust(width)}  {option.about}" for option in OPTIONS]
    return "\n".join(
        [
            "Usage: spica server [MODULE:NAME] [OPTIONS]",
            "",
            "Serve MODULE:NAME, else main:app of the project around us, or app:app of the current folder.",
            "",
            "For example:",
            "",
            "    spica server",
            "    spica server app:app --port 8000",
            "    SPICA_ENV=production spica server --host 0.0.0.0",
            "",
            *lines,
        ]
    )


def _serve(target: str | None, options: dict[str, Any]) -> None:
    # Here and not above: `spica server --help` and a mistyped option need none of it.
    from spica.cli.application import application_folder
    from spica.server.run import ServerOptions, serve
    from spica.server.target import load_app

    app = load_app(target, application_folder(target))
    settings = app.settings.server
    log = "off" if options.get("quiet") else settings.access_log
    serve(
        app,
        ServerOptions(
            host=options.get("host", settings.host),
            port=options.get("port", settings.port),
            access_log=None if log == "off" else log,
            grace_s=settings.grace_s,
        ),
    )
