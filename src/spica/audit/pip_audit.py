"""Running pip-audit, PyPA's own tool, on the packages that are installed beside us.

Rules of this file:
- It is a process of its own: nothing of it is imported. What it asks for is what `pip list` of this interpreter has.
- Only JSON on its standard output is an answer. Its exit code is 1 for findings and for failures alike, and whatever
  stops it (no network, a refusal, a page of a hotel's network) ends in a traceback on its standard error.
- The address of a service may have a user and a password: nothing that is told of it has them.
Source: pip-audit 2.10, `_cli.py`; what it logs with `-v` is read for the progress alone.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import IO

from spica.audit.advisories import Package, parse_answer
from spica.audit.errors import LookupFailed, PipAuditMissing
from spica.telemetry.redaction import HIDDEN

PYPI = "pypi"
OSV = "osv"
_SERVICES = {PYPI: "https://pypi.org", OSV: "https://api.osv.dev"}

_DONE = re.compile(r"DEBUG:pip_audit\._cli:Auditing (\S+)")
_LOGGED = re.compile(r"(WARNING|ERROR):[\w.]+:(.+)")
_RAISED = re.compile(r"[\w.]+(?:Error|Exception|Timeout|Redirects): (.+)")


def look_up(service: str, tell: Callable[[str], object] = lambda name: None) -> tuple[list[Package], list[str]]:
    """Ask for the known vulnerabilities of every installed package. Takes as long as a request for each.

    Args:    service: "pypi", "osv", or the address of a server that answers as OSV's /v1/query does; tell: is called
             with the name of each package that was looked up.
    Returns: the packages, and what pip-audit warned of.
    Raises:  PipAuditMissing; LookupFailed when there is no answer about all of them.
    """
    if importlib.util.find_spec("pip_audit") is None:
        raise PipAuditMissing(
            "spica audit needs pip-audit, which is not installed",
            where=sys.executable,
            why="it asks for vulnerabilities, and is an extra of Spica, so that production does without it",
            fix="pip install 'spica[audit]'",
        )
    # A file and not a pipe: the answer may be larger than a pipe holds, and standard error is read until its end first.
    with tempfile.TemporaryFile() as answer:
        log = [_hide_credentials(line, service) for line in _run([*_service_options(service)], answer, tell)]
        answer.seek(0)
        content = answer.read()
    try:
        packages = parse_answer(content)
    except ValueError as error:
        raise LookupFailed(
            "the packages could not be looked up, so nothing is known of them",
            where=_SERVICES.get(service) or _hide_credentials(service, service),
            why=str(error) if content.strip() else _find_reason(log),
            fix=(
                "see that this machine reaches it (HTTPS_PROXY names a proxy), and say spica audit again\n"
                f"or ask another one: SPICA__AUDIT__SERVICE={PYPI if service == OSV else OSV} spica audit"
            ),
        ) from None
    return packages, [found[2] for line in log if (found := _LOGGED.fullmatch(line)) and found[1] == "WARNING"]


def _run(options: Sequence[str], answer: IO[bytes], tell: Callable[[str], object]) -> list[str]:
    """Run it to its end. Returns what it logged, line by line."""
    command = [sys.executable, "-m", "pip_audit", "-v", *options]
    # All that its own variables could change of the answer is said; PYTHONSAFEPATH keeps files of the current folder
    # from being taken for modules, and for packages of the environment.
    command += ["--format", "json", "--output", "-", "--desc", "on", "--aliases", "on", "--progress-spinner", "off"]
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PIP_AUDIT_LOGLEVEL": "INFO", "PYTHONIOENCODING": "utf8"}
    log = []
    process = subprocess.Popen(  # noqa: S603 - a program of ours, with the service from the configuration
        command, stdin=subprocess.DEVNULL, stdout=answer, stderr=subprocess.PIPE, env=environment, text=True,
        encoding="utf8", errors="replace",
    )  # fmt: skip
    with process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                log.append(line.rstrip())
                if done := _DONE.match(line):
                    tell(done[1])
        except BaseException:
            process.kill()  # Ctrl-C above all: it need not ask for the rest
            raise
    return log


def _service_options(service: str) -> list[str]:
    if service in _SERVICES:
        return ["--vulnerability-service", service]
    return ["--vulnerability-service", OSV, "--osv-url", service]


def _hide_credentials(text: str, service: str) -> str:
    """Hide what stands before the @ of the service's address, wherever a text has it, and its password alone."""
    credentials, at, _ = service.partition("://")[2].rpartition("@")
    for secret in (credentials, credentials.partition(":")[2]):
        text = text.replace(secret, HIDDEN) if at and secret else text
    return text


def _find_reason(log: Sequence[str]) -> str:
    """Why nothing was printed: the first error that was logged, else the last exception that says something."""
    logged = [found[2] for line in log if (found := _LOGGED.fullmatch(line)) and found[1] == "ERROR"]
    raised = [found[1] for line in log if (found := _RAISED.fullmatch(line))]
    return logged[0] if logged else raised[-1] if raised else next((line for line in reversed(log) if line), "")
