"""`spica server`: serve an application.

Rules of this file:
- The time from here to the first answer is measured, so nothing is imported that serving does not need.
- What is typed wins over [server] in config/, which wins over the defaults.
- One worker serves in this very process. For several, or one with a supervisor, this process becomes the supervisor by
  exec: nothing that was imported to decide that stays in its memory, and its process id stays the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spica.cli.arguments import Option, parse
from spica.cli.errors import UsageError

if TYPE_CHECKING:  # imported at run time where they are needed
    from spica.app.application import App
    from spica.server.plan import Plan

HIGHEST_PORT = 65_535
OPTIONS = [
    Option("host", str, "address to listen on [127.0.0.1]"),
    Option("port", int, "port to listen on, 0 for any free one [3000]", "p"),
    Option("bind", list, "address instead, may be repeated: 127.0.0.1:8000, [::]:8000, unix:/run/app.sock, fd:3", "b"),
    Option("workers", str, 'processes, "all" for one a core [1]', "w"),
    Option("supervise", bool, "replace and reload one worker, too"),
    Option("pid-file", str, "where spica reload finds it [tmp/server.pid of a supervisor]"),
    Option("tls-cert", str, "serve https with this certificate chain, a PEM file"),
    Option("tls-key", str, "its key [the same file]"),
    Option("tls-self-signed", bool, "serve https with a certificate for this machine, for development"),
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
    if "bind" in options and ("host" in options or "port" in options):
        raise UsageError("--bind says where to listen: leave --host and --port out")
    if "tls-key" in options and "tls-cert" not in options:
        raise UsageError("--tls-key is the key of a certificate: name that with --tls-cert")
    if options.get("tls-self-signed") and "tls-cert" in options:
        raise UsageError("--tls-self-signed makes a certificate and --tls-cert names one: choose")
    if "workers" in options:
        options["workers"] = _parse_workers(options["workers"])
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
            "    spica server --workers all --bind unix:/run/blog.sock",
            "    spica server --tls-self-signed",
            "    SPICA_ENV=production spica server --host 0.0.0.0",
            "",
            *lines,
        ]
    )


def _parse_workers(text: str) -> int | str:
    if text == "all":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f'--workers must be a whole number from 1, or all, not "{text}"')
    return int(text)


def _serve(target: str | None, options: dict[str, Any]) -> None:
    # Here and not above: `spica server --help` and a mistyped option need none of it.
    from spica.cli.application import application_folder
    from spica.server.plan import Typed
    from spica.server.planning import build_plan, load_settings

    folder = application_folder(target)
    if "tls-cert" in options:
        _tell_application_of_tls(options["tls-cert"], options.get("tls-key", options["tls-cert"]))
    typed = Typed(
        target=target,
        folder=str(folder),
        host=options.get("host"),
        port=options.get("port"),
        binds=tuple(options.get("bind", ())),
        workers=options.get("workers"),
        supervise=options.get("supervise", False),
        pid_file=options.get("pid-file"),
        quiet=options.get("quiet", False),
        tls_cert=options.get("tls-cert"),
        tls_key=options.get("tls-key"),
        tls_self_signed=options.get("tls-self-signed", False),
    )
    plan = build_plan(typed, load_settings(folder))
    if plan.is_supervised:
        become_supervisor(plan)
    from spica.server.target import load_app

    app = load_app(target, folder)
    if app.root is not None and app.root != folder:
        # Its configuration is elsewhere, which only the application knows.
        plan = build_plan(typed, app.settings)
        if plan.is_supervised:
            raise UsageError(
                f"the application's project is {app.root}: run spica server there, so that its workers are known"
            )
    _serve_alone(app, plan)


def _tell_application_of_tls(chain: str, key: str) -> None:
    """Put a typed certificate where [server.tls] is read from, here and in workers: HSTS and names of cookies follow.

    Not one that Spica made itself: browsers would insist on https for this machine for years.
    """
    names = {"ENABLED": "true", "CERT": str(Path(chain).absolute()), "KEY": str(Path(key).absolute())}
    os.environ.update({f"SPICA__SERVER__TLS__{name}": value for name, value in names.items()})


def become_supervisor(plan: Plan) -> None:
    """Go on as the supervisor of a plan; does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: a file of the current folder is not found before the standard library's.
    command = [sys.executable, "-P", "-m", "spica.server.supervisor", plan.to_json()]
    os.execv(sys.executable, command)  # noqa: S606 - this interpreter


def _serve_alone(app: App, plan: Plan) -> None:
    from spica.server.run import ServerOptions, serve

    pid_file = None
    if plan.pid_file:
        from spica.server.pid_file import PidFile

        pid_file = PidFile(plan.pid_file)
    try:
        serve(
            app,
            ServerOptions(
                binds=plan.binds,
                binds_typed=plan.binds_typed,
                socket_mode=plan.socket_mode,
                access_log=plan.access_log,
                grace_s=plan.grace_s,
                delay_s=plan.delay_s,
                watchdog_s=plan.watchdog_s,
                cpu=plan.cpus[0] if plan.cpus else None,
                backend=plan.backend,
                event_loop=plan.event_loop,
                certificates=plan.certificates,
                tls_minimum=plan.tls_minimum,
                worker_threads=plan.worker_threads,
            ),
        )
    finally:
        if pid_file is not None:
            pid_file.remove()
