"""`spica routes`: every route, what answers it and where it was declared; which one answers a request, and why."""

from __future__ import annotations

import dataclasses
import json as json_format
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from spica.cli.application import load_application
from spica.cli.errors import UsageError

if TYPE_CHECKING:  # the application is loaded when the command runs
    from spica.app.application import App
    from spica.routing.explain import Asked
    from spica.routing.route import Route

Json = Annotated[bool, Parameter(help="Print JSON, for scripts.")]
Stub = Annotated[
    bool, Parameter(help="Write app/paths.py and app/paths.pyi: the path helpers for editors and checkers.")
]


def routes(
    text: Annotated[
        str, Parameter(name="TEXT", help="Only routes with this text in their name, pattern, target or host.")
    ] = "",
    /,
    *,
    app: Annotated[str | None, Parameter(help="module:name; main:app or app:app when it is left out.")] = None,
    grep: Annotated[str, Parameter(help="The same as TEXT.")] = "",
    controller: Annotated[str, Parameter(help="Only routes of this controller: posts, admin/orders.")] = "",
    method: Annotated[str, Parameter(help="Only routes of this method: GET, WS, SOCKET, SSE.")] = "",
    match: Annotated[str, Parameter(help='Which route answers: "GET /posts/7", "GET https://host/path".')] = "",
    json: Json = False,
    stub: Stub = False,
) -> int:
    """List every route.

    For example:

        spica routes

        spica routes posts --method GET

        spica routes --match "GET /posts/7"
    """
    # Lazy: only this command needs the table's layout.
    from spica.routing.listing import choose_rows, render_rows, suggest_value

    if ":" in text and app is None:
        text, app = "", text
    application = load_application(app)
    if stub:
        return _write_stub(application)
    if match:
        return _explain(application, match)
    listed = application.route_rows()
    if mistake := suggest_value(listed, controller=controller, method=method):
        raise UsageError(mistake)
    rows = choose_rows(listed, text=text or grep, controller=controller, method=method)
    if json:
        print(json_format.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        print(render_rows(rows))
    return 0


def _write_stub(application: App) -> int:
    from spica.routing.stub import STUB, write_stub

    if application.root is None:
        raise UsageError("spica routes --stub writes into a project, and this application has no folder")
    written = write_stub(application.root, application.paths.all_helpers)
    print(f"{'wrote' if written else 'nothing changed in'} {STUB}")
    return 0


def _explain(application: App, request: str) -> int:
    from spica._core import Request
    from spica.channels.compiled import describe_class
    from spica.routing.explain import explain
    from spica.routing.listing import find_topics

    asked = _read_request(request)
    fields = [("host", asked.host)] if asked.host else []
    number, allow = application.core.match(Request.build(asked.method, asked.path, fields))
    answers = application.compiled.entries[number] if number >= 0 else None
    print(f"{asked.method} {asked.path}{f'  on {asked.host}' if asked.host else ''}")
    print(f"  {_describe(answers, number, allow)}")
    for topic, channel in [] if answers is None else find_topics(answers):
        print(f"  topic  {topic}  {describe_class(channel)}")
    near = explain(application.table, asked, answers)
    for route, reason in near:
        print(f"  not  {route.verb} {route.pattern.host_text}{route.shown}  {route.target_name}: {reason}")
    return 0 if answers is not None else 1


def _describe(answers: Route | None, number: int, allow: object) -> str:
    if answers is not None:
        values = (
            f"  {dict(zip(answers.pattern.names, allow, strict=False))}" if isinstance(allow, tuple) and allow else ""
        )
        return f"is answered by {answers.label}{values}"
    return {-404: "no route has this path: 404", -405: f"another method: 405, Allow: {allow}"}.get(
        number, f"OPTIONS is answered with Allow: {allow}"
    )


# What the table has as a method, and a client sends as a GET.
_SENT_AS_GET = ("SOCKET", "WS", "SSE")


def _read_request(text: str) -> Asked:
    from urllib.parse import urlsplit

    from spica.routing.explain import Asked

    method, _, address = text.strip().rpartition(" ")
    parts = urlsplit(address)
    if not parts.path.startswith("/") and not parts.hostname:
        raise UsageError(f'--match takes a method and a path, such as "GET /posts/7", not "{text}"')
    method = method.upper() or "GET"
    if method in _SENT_AS_GET:
        method = "GET"
    return Asked(method, parts.path or "/", parts.hostname or "")
