"""`spica audit`: known vulnerabilities of what is installed, and what is unsafe in the project's own code."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from spica.audit.errors import COULD_NOT_LOOK, LookupFailed, PipAuditMissing
from spica.cli.main import render_error
from spica.cli.project import find_project
from spica.cli.terminal import ProgressLine
from spica.errors.base import SpicaError

if TYPE_CHECKING:  # imported when the command runs
    from spica.audit.advisories import Lookup
    from spica.cli.audit_report import Report


def audit(
    *,
    ignore: Annotated[
        list[str] | None,
        Parameter(
            name="--ignore", help="An advisory that is known and accepted, by any of its names; may be repeated."
        ),
    ] = None,
    env: Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment.")] = None,
    json: Annotated[bool, Parameter(help="Print JSON, for scripts.")] = False,
) -> int:
    """Look for known vulnerabilities of the installed packages, and for what is unsafe in the project's code.

    The packages are those of the environment that spica runs in, with all that they need in turn. Each is looked up
    at PyPI, which takes a while. Exit code 0: nothing was found; 1: something was; 2: it could not look, or was typed
    wrongly.

    For example:

        spica audit

        spica audit --ignore CVE-2024-22195

        spica audit --json
    """
    # Lazy: a mistyped command waits for none of this.
    from spica.cli.audit_report import render_json, render_text

    try:
        report = _look(ignore or [], env)
    except SpicaError as error:
        # Said here: the exit code of most errors is the one that says "something was found".
        print(render_error(error), file=sys.stderr)
        return COULD_NOT_LOOK
    print(render_json(report) if json else render_text(report))
    if report.error is not None:
        print(render_error(report.error), file=sys.stderr)
        return COULD_NOT_LOOK
    return 1 if report.has_findings else 0


def _look(ignored: list[str], env: str | None) -> Report:
    # Lazy: as above.
    from spica.checks.project import Project
    from spica.checks.registry import SECURITY, run_checks
    from spica.cli.audit_report import Report
    from spica.config.environment import environment_name
    from spica.config.loader import load_section
    from spica.config.settings import AuditSection

    here = Path.cwd()
    root = here if (here / "app.py").is_file() else find_project(here)
    name = environment_name(env)
    os.environ["SPICA_ENV"] = name
    settings = load_section(root, AuditSection, name)
    findings = run_checks(Project(root, name), SECURITY)
    try:
        lookup = _look_up(settings.service, [*settings.ignore, *ignored])
    except (PipAuditMissing, LookupFailed) as error:
        return Report(root, findings, error=error)
    return Report(root, findings, lookup)


def _look_up(service: str, ignored: list[str]) -> Lookup:
    # Lazy: as above.
    from spica.audit.advisories import ignore
    from spica.audit.pip_audit import look_up

    installed = len({one.name for one in importlib.metadata.distributions()})
    done: list[str] = []
    with ProgressLine() as line:
        line.show("looking up the installed packages ...")

        def tell(package: str) -> None:
            done.append(package)
            line.show(f"looking up packages: {len(done)} of {max(installed, len(done))}, {package}")

        packages, notes = look_up(service, tell)
    return ignore(packages, ignored, notes)
