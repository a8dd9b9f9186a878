"""Every check, and how they are run: all of them, whatever one finds, sorted by where."""

from __future__ import annotations

from collections.abc import Collection

from spica.checks import (
    assets,
    boot,
    channels,
    configuration,
    htmx,
    mass_assignment,
    middleware,
    migrations,
    production,
    raw_output,
    renders,
    secret_files,
    template_attributes,
    templates,
)
from spica.checks.finding import Check, Finding, Found, build_finding
from spica.checks.project import Project
from spica.checks.silences import Silence, apply_silences, read_silences

CHECKS = (
    Check(
        "config", "SPICA-K001", "error",
        "`config/*.toml` in every environment: unknown keys, wrong types, secrets that production lacks",
        configuration.find, is_security=True,
    ),
    Check(
        "boot", "SPICA-K002", "error",
        "what stops the application from starting: imports, routes, controllers, signatures, pipelines, path helpers",
        boot.find,
    ),
    Check(
        "templates", "SPICA-K003", "error",
        "every template compiled: syntax, missing layouts and partials, unknown filters and names, unsafe places",
        templates.find,
    ),
    Check(
        "renders", "SPICA-K004", "error",
        '`self.render("x")` of a template that isn\'t there, or without a name that it uses', renders.find,
    ),
    Check(
        "mass-assignment", "SPICA-K005", "error",
        "parameters that reach a model without `permit`", mass_assignment.find, is_security=True,
    ),
    Check(
        "secret-files", "SPICA-K006", "error",
        "key files that git has or would take, secrets written out in `config/*.toml`", secret_files.find,
        is_security=True,
    ),
    Check(
        "raw-output", "SPICA-K007", "warning",
        "`raw(…)` in templates, `Safe(…)` around a text that was put together, in Python", raw_output.find,
        is_security=True,
    ),
    Check(
        "production", "SPICA-K008", "warning",
        "weak settings of sessions, CORS, origins of sockets, Content-Security-Policy and security headers",
        production.find, is_security=True,
    ),
    Check(
        "unused-middleware", "SPICA-K009", "warning",
        "pipelines that no route names, classes in `app/middleware` that nothing uses", middleware.find,
    ),
    Check(
        "migrations", "SPICA-K010", "warning",
        "migrations that this environment's database has not run", migrations.find,
    ),
    Check(
        "assets", "SPICA-K012", "error",
        "`stylesheet_tag`, `script_tag`, `image_tag` and `asset_path` of files that app/assets doesn't have",
        assets.find,
    ),
    Check(
        "template-attributes", "SPICA-K013", "error",
        "`{{ post.titel }}` of a record whose model has no such part, by `params` or the render call",
        template_attributes.find,
    ),
    Check(
        "htmx", "SPICA-K014", "error",
        "`hx-get`, `hx-post` … that no route answers, `hx-target` of an id that no page has", htmx.find,
    ),
    Check(
        "channels", "SPICA-K015", "error",
        "scripts that join topics no channel has, or connect where no socket is; methods that can't be what was meant",
        channels.find,
    ),
    Check(
        "unused-channels", "SPICA-K016", "warning",
        "channels that are in no socket, sockets that no route leads to", channels.find_unused,
    ),
)  # fmt: skip
SILENCES = Check(
    "silences", "SPICA-K011", "warning",
    "comments that silence nothing, name no check or give no reason", lambda project: (),
)  # fmt: skip
SECURITY = tuple(check.name for check in CHECKS if check.is_security)
NAMES = (*(check.name for check in CHECKS), SILENCES.name)


def run_checks(project: Project, only: Collection[str] = ()) -> list[Finding]:
    """Run the checks.

    Args:    project: to check; only: names of checks, () for all.
    Returns: every finding that is not silenced, errors first, by file and line.
    """
    chosen = [check for check in CHECKS if not only or check.name in only]
    findings = [build_finding(check, found) for check in chosen for found in check.find(project)]
    silences = read_silences(project)
    findings = apply_silences(list(dict.fromkeys(findings)), silences)
    if not only or SILENCES.name in only:
        ran = {check.name for check in chosen}
        findings += [told for one in silences if (told := _judge(one, ran)) is not None]
    return sorted(findings, key=lambda one: (one.severity, one.file, one.line, one.check))


def _judge(silence: Silence, ran: Collection[str]) -> Finding | None:
    what = ""
    if silence.check not in NAMES:
        what = f"there is no check {silence.check!r} to allow"
    elif not silence.reason:
        what = f"allow({silence.check}) gives no reason, so it silences nothing"
    elif not silence.is_used and silence.check in ran:
        what = f"allow({silence.check}) silences nothing"
    if not what:
        return None
    fix = f"remove it; what there is: {', '.join(NAMES)}" if silence.check not in NAMES else "remove it"
    if silence.check in NAMES and not silence.reason:
        fix = f"say why it is fine: # spica: allow({silence.check}) the editors' own HTML, cleaned when it was saved"
    return build_finding(SILENCES, Found(silence.file, silence.line, what, "it would hide the next mistake here", fix))
