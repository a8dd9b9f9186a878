"""production: settings that browsers and strangers can make use of: cookies, CORS, Content-Security-Policy, hosts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spica.app.project import MIDDLEWARE, ROUTES
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import calls, last_name

_INLINE = ("'unsafe-inline'", "'unsafe-eval'")
_SOCKETS = ("mount", "socket", "ws")
_SCRIPTS = ("default_src", "script_src", "script_src_elem", "script_src_attr")


def find(project: Project) -> Iterator[Found]:
    """Read what middleware is given, where it is written; what is only used while developing or testing is left out."""
    for file in project.python_files:
        if "/" in file.name and file.name not in (MIDDLEWARE, ROUTES):
            continue
        skipped = {id(call) for use in calls(file.tree) if _is_elsewhere(use) for call in calls(use)}
        for call in calls(file.tree):
            if id(call) not in skipped:
                yield from (Found(file.name, call.lineno, *told) for told in _weaknesses(call))


def _is_elsewhere(use: ast.Call) -> bool:
    """Whether this is `use(…, when=…)` without production."""
    for keyword in use.keywords if last_name(use.func) == "use" else ():
        if keyword.arg == "when":
            return "production" not in ast.unparse(keyword.value) and ast.unparse(keyword.value) != "True"
    return False


def _weaknesses(call: ast.Call) -> Iterator[tuple[str, str, str]]:
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    name = last_name(call.func)
    if name == "Session" and _constant(given.get("secure")) is False:
        yield (
            "the session's cookie goes over plain http",
            "who listens on the way has the visitor's session",
            "leave secure out: it is set behind TLS",
        )
    if name == "Cors":
        origins = given.get("origins") or (call.args[0] if call.args else None)
        if "*" in _texts(origins):
            yield (
                "Cors lets scripts of any site read the answers",
                "every page that a visitor opens can use this address",
                'name the sites: m.Cors(origins=["https://app.example.com"])',
            )
        for text in _texts(origins):
            if text.startswith("http://") and not text.startswith(("http://localhost", "http://127.")):
                yield (
                    f"Cors trusts {text}, which is not https",
                    "who is on the way can put a script into it",
                    f"https://{text.removeprefix('http://')}",
                )
    if name in _SOCKETS and "*" in _texts(given.get("origins")):
        yield (
            "pages of any site may connect to this socket",
            "every page that a visitor opens can speak to it, with the visitor's cookies",
            'name the sites: origins=["https://app.example.com"]; those of its own host may always',
        )
    if name == "ContentSecurityPolicy":
        for directive in _SCRIPTS:
            for text in _texts(given.get(directive)):
                if text in (*_INLINE, "*"):
                    yield (
                        f"{directive} allows {text}",
                        "a script that someone got into a page runs",
                        "give the page's own scripts a nonce: csp_nonce()",
                    )
    if name == "SecurityHeaders":
        for field, value in given.items():
            if _constant(value, ...) is None and field != "hsts":
                yield (
                    f"SecurityHeaders leaves out {field}",
                    "browsers are less careful without it",
                    "give it a value that fits the pages",
                )


def _constant(node: ast.expr | None, otherwise: object = None) -> object:
    return node.value if isinstance(node, ast.Constant) else otherwise


def _texts(node: ast.expr | None) -> list[str]:
    parts = ast.walk(node) if node is not None else ()
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
