"""`spica check`: everything that is wrong with a project, at once, before a visitor finds it."""

from __future__ import annotations

import json as json_format
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from spica.cli.application import application_folder
from spica.cli.errors import UsageError
from spica.cli.findings import build_row, count_findings, render_finding
from spica.cli.terminal import paint
from spica.errors.base import closest

if TYPE_CHECKING:  # what checks is loaded when the command runs
    from spica.checks.finding import Finding


def check(
    target: Annotated[
        str | None, Parameter(name="APP", help="module:name; main:app or app:app when it is left out.")
    ] = None,
    /,
    *,
    env: Annotated[str | None, Parameter(name=("--env", "-e"), help="Environment.")] = None,
    only: Annotated[str | None, Parameter(help="Some checks, by name, with commas between them.")] = None,
    strict: Annotated[bool, Parameter(help="Fail on warnings too.")] = False,
    json: Annotated[bool, Parameter(help="Print JSON, for scripts.")] = False,
) -> int:
    """Find what is wrong with the project: routes, signatures, templates, configuration, what is unsafe.

    Everything that is found is told at once. Exit code 0: nothing, or warnings only; 1: errors; 2: typed wrongly.

    For example:

        spica check --strict

        spica check --only templates,renders

        spica check --env production
    """
    # Lazy: a mistyped command waits for none of this.
    from spica.checks.project import Project
    from spica.checks.registry import NAMES, run_checks
    from spica.config.environment import environment_name

    chosen = _read_names(only, NAMES)
    name = environment_name(env)
    os.environ["SPICA_ENV"] = name
    findings = run_checks(Project(application_folder(target).resolve(), name, target), chosen)
    print(_render_json(findings) if json else _render(findings))
    wrong = [finding for finding in findings if strict or finding.severity == "error"]
    return 1 if wrong else 0


def _read_names(only: str | None, known: Sequence[str]) -> list[str]:
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    for name in names:
        if name not in known:
            near = closest(name, known)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f'there is no check "{name}"; {hint}')
    if only is not None and not names:
        raise UsageError(f"--only needs names of checks: {', '.join(known)}")
    return names


def _render(findings: Sequence[Finding]) -> str:
    if not findings:
        return paint("nothing found", "green")
    return "\n\n".join([*map(render_finding, findings), count_findings(findings)])


def _render_json(findings: Sequence[Finding]) -> str:
    return json_format.dumps(
        {
            "errors": sum(finding.severity == "error" for finding in findings),
            "warnings": sum(finding.severity == "warning" for finding in findings),
            "findings": list(map(build_row, findings)),
        },
        indent=2,
        ensure_ascii=False,
    )
